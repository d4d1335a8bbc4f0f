/** What is known of programs by their names. */
export type ProgramKind = 'shell' | 'foreign-shell' | 'wrapper' | 'feeder' | 'data' | 'interpreter' | 'other';

/** Run their standard input, a `-c` text or a file as a POSIX script. */
const shells: ReadonlySet<string> = new Set('sh bash dash ash zsh ksh mksh rbash'.split(' '));

/** Run a language that is not parsed here. */
const foreignShells: ReadonlySet<string> = new Set('fish csh tcsh nu pwsh powershell cmd'.split(' '));

/** Run the command that is among their own arguments. */
const wrappers: ReadonlySet<string> = new Set(
  [
    'sudo doas su runuser gosu su-exec setpriv capsh env nice ionice chrt taskset numactl nohup setsid time timeout stdbuf command',
    'builtin exec chroot unshare nsenter strace ltrace busybox toybox watch flock find fd entr script ssh docker podman nerdctl',
    'kubectl systemd-run start-stop-daemon unbuffer prlimit fakeroot proxychains torsocks tini dumb-init valgrind gdb perf coproc',
  ].flatMap((line) => line.split(' ')),
);

/** Wrappers that add arguments of their own, read from standard input. */
const feeders: ReadonlySet<string> = new Set(['xargs', 'parallel']);

/** Treat their arguments as text. */
const dataPrograms: ReadonlySet<string> = new Set(['echo', 'printf', ':', 'true', 'false']);

/** Says what kind of program a name stands for. */
export function programKind(name: string): ProgramKind {
  if (shells.has(name)) return 'shell';
  if (foreignShells.has(name)) return 'foreign-shell';
  if (wrappers.has(name)) return 'wrapper';
  if (feeders.has(name)) return 'feeder';
  if (dataPrograms.has(name)) return 'data';
  return /^(python|pypy|node|nodejs|deno|bun|perl|ruby|php|lua|g?awk|mawk)[\d.]*$/.test(name) ? 'interpreter' : 'other';
}
