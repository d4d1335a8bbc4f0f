import { existsSync } from 'node:fs';
import { aptInstall, canInstall } from '../setup/apt.mjs';
import { findCommand, run } from '../setup/run.mjs';
import { note, SetupError } from '../setup/step.mjs';

/**
 * Commands that tests call, and the Debian packages they come in: some tests boot an engine of their own, others
 * reach one by TLS and by SSH, the supervisor's are built with sanitizers and run on another architecture, and network
 * rules are tried in namespaces.
 */
const TOOLS = {
  ip: ['iproute2'],
  nsenter: ['util-linux'],
  dockerd: ['docker.io', 'iptables'],
  openssl: ['openssl'],
  ssh: ['openssh-client'],
  sshd: ['openssh-server'],
  'mkfs.btrfs': ['btrfs-progs'],
  gcc: ['gcc', 'libc6-dev'],
  gcov: ['gcc'],
  [process.arch === 'arm64' ? 'qemu-x86_64-static' : 'qemu-aarch64-static']: ['qemu-user-static'],
  nft: ['nftables'],
  setpriv: ['util-linux'],
  python3: ['python3'],
};

/** Has the commands that tests need, or installs them. */
export async function ensureTools() {
  const missing = Object.keys(TOOLS).filter((name) => findCommand(name) === undefined);
  if (missing.length === 0) return 'are there';
  const packages = missing.flatMap((name) => TOOLS[name]);
  if (!canInstall()) {
    throw new SetupError(
      `Expected the commands ${missing.join(', ')} for the tests, found none of that name.\n` +
        `On Debian or Ubuntu: apt-get install ${packages.join(' ')}. Then run this again.`,
    );
  }
  if (missing.includes('sshd')) await keepServiceOff();
  await aptInstall(packages, 'what the tests call');
  return `${packages.join(', ')} installed`;
}

/** The package would open port 22; the tests start a server of their own. */
async function keepServiceOff() {
  if (!existsSync('/run/systemd/system')) return;
  note('systemctl mask ssh.service ssh.socket (undo: systemctl unmask)');
  await run('systemctl', ['mask', 'ssh.service', 'ssh.socket']);
}
