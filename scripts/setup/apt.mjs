import { isRoot } from './paths.mjs';
import { findCommand, lastLines, run } from './run.mjs';
import { note, SetupError } from './step.mjs';

let isUpdated = false;

/** Whether packages can be installed here: root, on a system with apt. */
export function canInstall() {
  return isRoot && findCommand('apt-get') !== undefined;
}

/** Installs Debian packages without asking; `purpose` is said in the message if it fails. */
export async function aptInstall(packages, purpose) {
  note(`apt-get install ${packages.join(' ')}`);
  if (!isUpdated) await aptGet(['update'], purpose);
  isUpdated = true;
  await aptGet(['install', '-y', '--no-install-recommends', ...packages], purpose);
}

async function aptGet(args, purpose) {
  // Another apt (unattended upgrades) may hold the lock: wait for it instead of failing.
  const { exitCode, output } = await run('apt-get', ['-q', '-o', 'DPkg::Lock::Timeout=300', ...args], {
    env: { DEBIAN_FRONTEND: 'noninteractive', NEEDRESTART_MODE: 'l' },
  });
  if (exitCode === 0) return;
  throw new SetupError(
    `Could not get ${purpose}: apt-get ${args.join(' ')} failed:\n${lastLines(output)}\nRepair apt's package sources, or install it yourself, and run this again.`,
  );
}
