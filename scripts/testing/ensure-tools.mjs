import { aptInstall, canInstall } from '../setup/apt.mjs';
import { findCommand } from '../setup/run.mjs';
import { SetupError } from '../setup/step.mjs';

/** Commands that tests call, and the Debian packages they come in: some tests boot an engine of their own. */
const TOOLS = {
  ip: ['iproute2'],
  nsenter: ['util-linux'],
  dockerd: ['docker.io', 'iptables'],
  'mkfs.btrfs': ['btrfs-progs'],
  gcc: ['gcc', 'libc6-dev'],
  gcov: ['gcc'],
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
  await aptInstall(packages, 'what the tests call');
  return `${packages.join(', ')} installed`;
}
