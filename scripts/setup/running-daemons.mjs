import { readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';

/** The dockerd processes that use this machine's own /var/lib/docker: same mount namespace, no other data root. */
export function runningDaemons() {
  const own = readNamespace('self');
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && readCommand(name) === 'dockerd' && readNamespace(name) === own)
    .map((name) => ({ pid: Number(name), args: readArgs(name) }))
    .filter(({ args }) => !args.some((arg) => /^(--data-root|-g|--graph)(=|$)/.test(arg)));
}

/** The pid files of the engine that uses the system's own folders. */
export const SYSTEM_PID_FILES = {
  '/var/run/docker.pid': 'dockerd',
  '/var/run/docker/containerd/containerd.pid': 'containerd',
};

/** Removes the pid files (file: command) that a killed engine left: another process may have that number by now. */
export function removeStalePidFiles(files) {
  for (const [file, command] of Object.entries(files)) {
    const pid = read(file)?.trim();
    if (pid !== undefined && readCommand(pid) !== command) rmSync(file, { force: true });
  }
}

const readCommand = (pid) => read(`/proc/${pid}/comm`)?.trim();
const readArgs = (pid) => (read(`/proc/${pid}/cmdline`) ?? '').split('\0');

function readNamespace(pid) {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`);
  } catch {
    return undefined;
  }
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
