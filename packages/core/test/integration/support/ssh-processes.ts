import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';

/** A process of a tunnel. */
export interface TunnelProcess {
  readonly id: number;
  readonly kind: 'ssh' | 'keeper';
}

/** The processes on this machine that belong to tunnels to a port. Dead ones that nobody has reaped don't count. */
export async function listTunnelProcesses(port: number): Promise<readonly TunnelProcess[]> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/u.test(name)).map(Number);
  const lines = await Promise.all(ids.map(async (id) => ({ id, words: await readWords(id) })));
  const tunnels = lines.filter(({ words }) => words.includes('-L') && words.includes(String(port)));
  const sshIds = new Set(tunnels.map(({ id }) => String(id)));
  const keepers = lines.filter(
    ({ words }) => words.includes('paracle-ssh-keeper') && words.some((word) => sshIds.has(word)),
  );
  return [
    ...tunnels.map(({ id }) => ({ id, kind: 'ssh' as const })),
    ...keepers.map(({ id }) => ({ id, kind: 'keeper' as const })),
  ];
}

/** The directories of tunnels on this machine. */
export async function listTunnelDirectories(): Promise<readonly string[]> {
  return (await readdir(tmpdir())).filter((name) => /^paracle-ssh-\w{6}$/u.test(name));
}

/** Whether a process is there and alive. */
export async function isAlive(id: number): Promise<boolean> {
  return (await readWords(id)).length > 0;
}

/** What a process was started with; nothing once it is dead. */
async function readWords(id: number): Promise<readonly string[]> {
  const line = await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '');
  return line.split('\0').filter((word) => word !== '');
}
