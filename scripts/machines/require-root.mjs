import { isRoot } from '../setup/paths.mjs';
import { findCommand } from '../setup/run.mjs';
import { SetupError } from '../setup/step.mjs';

/** Machines of their own beside this one need namespaces, mounts and iptables: root on Linux. */
export function requireRoot(commands) {
  const missing = commands.filter((name) => findCommand(name) === undefined);
  if (isRoot && process.platform === 'linux' && missing.length === 0) return;
  throw new SetupError(
    missing.length > 0
      ? `This needs ${missing.join(', ')}. On Debian or Ubuntu: apt-get install iproute2 iptables util-linux git.`
      : 'This needs root on Linux: it makes namespaces and mounts. Run it as root.',
  );
}
