import { createHash } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Sandbox } from '@paracle/sandbox';

/** A file that ships with the examples; the compiled code lies one directory below its source. */
function locate(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

/** A fresh copy of the sample project: the workspace that is worked on. */
export async function copySampleProject(): Promise<string> {
  const workspace = await mkdtemp(join(tmpdir(), 'paracle-demo-'));
  await cp(locate('sample-project'), workspace, { recursive: true });
  return workspace;
}

/** The script of an agent. */
export async function readAgent(name: string): Promise<string> {
  return readFile(locate(`agents/${name}`), 'utf8');
}

/** Digest over names and contents of a directory. */
export async function hashDirectory(directory: string): Promise<string> {
  const hash = createHash('sha256');
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  for (const file of files.sort()) hash.update(file.slice(directory.length)).update(await readFile(file));
  return hash.digest('hex');
}

/** Digest over everything in the sandbox's working directory: names, types, modes, owners, times, links, contents. */
export async function hashSandbox(sandbox: Sandbox): Promise<string> {
  const script = 'find . -printf "%p %y %m %U:%G %T@ %l\\n" | sort; find . -type f -exec sha256sum {} + | sort';
  const { stdoutBytes } = await sandbox.execute(['sh', '-c', script], { check: true });
  return createHash('sha256').update(stdoutBytes).digest('hex');
}
