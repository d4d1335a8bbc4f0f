import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { searchPath } from '../setup/run.mjs';

/**
 * Makes a Debian tree the root of a new mount namespace, with /proc, /sys, /dev and folders of its own, then becomes
 * the command. Everything mounted here goes when the last process in it ends.
 * `ip netns exec` is no way in: it hides the cgroup mounts. A fresh sysfs shows the new network namespace.
 */
const ENTER = `
set -e
tree=$1; shift
mount --make-rprivate /
mount --bind "$tree" "$tree"
mount -t proc proc "$tree/proc"
mount -t sysfs sysfs "$tree/sys"
mount --rbind /sys/fs/cgroup "$tree/sys/fs/cgroup"
mount --rbind /dev "$tree/dev"
while [ "$1" != -- ]; do
  mkdir -p "$tree$2"
  mount --bind "$1" "$tree$2"
  shift 2
done
shift
mkdir -p "$tree/.old"
cd "$tree"
pivot_root . .old
cd /
umount -l /.old
exec "$@"
`;

/**
 * Starts a command in a tree and a network namespace.
 * `binds` maps folders of this machine to places in the tree; `ownPids` gives it a pid namespace, so that all of its
 * processes end with it; `log` takes its output and detaches it, else it shares ours.
 */
export function enterTree({ tree, network, binds = {}, ownPids = false, env, log, command }) {
  const out = log === undefined ? 'inherit' : openSync(log, 'w');
  const args = [
    `--net=/run/netns/${network}`,
    'unshare',
    '--mount',
    ...(ownPids ? ['--pid', '--fork', '--kill-child'] : []),
    'sh',
    '-c',
    ENTER,
    'enter',
    tree,
    ...Object.entries(binds).flat(),
    '--',
    ...command,
  ];
  return spawn('nsenter', args, {
    cwd: '/',
    detached: log !== undefined,
    stdio: ['ignore', out, out],
    env: { PATH: searchPath(), ...env },
  });
}
