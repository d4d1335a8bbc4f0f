import { existsSync } from 'node:fs';
import { aptInstall, canInstall } from '../setup/apt.mjs';
import { findCommand } from '../setup/run.mjs';
import { SetupError } from '../setup/step.mjs';

/**
 * Commands that tests call, and the Debian packages they come in: one test boots an engine of its own and kills it,
 * others reach one by TLS and by SSH.
 */
const TOOLS = {
  ip: ['iproute2'],
  nsenter: ['util-linux'],
  dockerd: ['docker.io', 'iptables'],
  openssl: ['openssl'],
  ssh: ['openssh-client'],
  sshd: ['openssh-server'],
};

/** Has the commands that tests need, or installs them. */
export async function ensureTools() {
  const missing = Object.keys(TOOLS).filter((name) => findCommand(name) === undefined);
  if (missing.length === 0) return 'are there';
  const packages = missing.flatMap((name) => TOOLS[name]);
  if (missing.includes('sshd') && existsSync('/run/systemd/system')) {
    throw new SetupError(
      'Expected the command sshd for the tests, found none.\n' +
        'Installing it starts an SSH server on port 22, so that is for you to decide: apt-get install openssh-server.\n' +
        'The tests start one of their own; the service may be disabled: systemctl disable --now ssh.',
    );
  }
  if (!canInstall()) {
    throw new SetupError(
      `Expected the commands ${missing.join(', ')} for the tests, found none of that name.\n` +
        `On Debian or Ubuntu: apt-get install ${packages.join(' ')}. Then run this again.`,
    );
  }
  await aptInstall(packages, 'what the tests call');
  return `${packages.join(', ')} installed`;
}
