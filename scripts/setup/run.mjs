import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** System folders that a plain user's PATH often lacks and that iptables and dockerd live in. */
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/local/bin', '/usr/bin', '/bin'];

/** How much of a command's output is kept for the message when it fails. */
const KEPT_CHARACTERS = 64 * 1024;

/** The folders commands are looked for in: PATH, then the system folders. */
export function searchPath() {
  const own = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return [...new Set([...own, ...SYSTEM_FOLDERS])].join(delimiter);
}

/** The full path of a command, or undefined. */
export function findCommand(name) {
  for (const folder of searchPath().split(delimiter)) {
    const candidate = join(folder, name);
    try {
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch {
      // not in this folder
    }
  }
  return undefined;
}

/**
 * Runs a command without standard input and resolves, whatever its exit code, with that and its output.
 * `echo: true` shows the output while it comes; `onOutput` sees each piece of it.
 */
export function run(command, args, { cwd, env, echo = false, onOutput } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, PATH: searchPath(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const take = (stream) => (chunk) => {
      if (echo) stream.write(chunk);
      onOutput?.(chunk);
      output = (output + chunk.toString()).slice(-KEPT_CHARACTERS);
    };
    child.stdout.on('data', take(process.stdout));
    child.stderr.on('data', take(process.stderr));
    child.on('error', reject);
    child.on('close', (exitCode, signal) => resolve({ exitCode: exitCode ?? 128, signal, output }));
  });
}

/** The last lines of a text, indented for a message. */
export function lastLines(text, count = 15) {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines
    .slice(-count)
    .map((line) => `    ${line}`)
    .join('\n');
}
