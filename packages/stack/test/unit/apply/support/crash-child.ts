import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FileChange } from '@paracle/rollback';
import { type Tree, toBodies } from './tree.js';

/** What the child is to do. */
export interface CrashOptions {
  readonly action: 'apply' | 'recover';
  readonly workspace: string;
  /** Number of the step at which it stops and is killed; absent: it runs to its end. */
  readonly stopAt?: number | undefined;
  readonly changes?: readonly FileChange[];
  readonly tree?: Tree;
  /** Overwrites a file once a step is reached, as a user might. */
  readonly sabotage?: { readonly step: string; readonly path: string; readonly text: string };
}

const fixtures = fileURLToPath(new URL('../fixtures/', import.meta.url));
const cache = join(tmpdir(), `paracle-transpiled-${process.pid}`);

/** Runs the child, kills it with SIGKILL where it stops, and resolves to the lines that it printed. */
export async function runCrashChild(options: CrashOptions): Promise<readonly string[]> {
  await mkdir(cache, { recursive: true });
  const bodies = [...toBodies(options.tree ?? {})].map(([digest, body]): readonly [string, string] => [
    digest,
    Buffer.from(body).toString('base64'),
  ]);
  const input = `${options.workspace}.${options.action}.json`;
  await writeFile(input, JSON.stringify({ ...options, bodies: Object.fromEntries(bodies) }));
  const flags = ['-C', '@paracle/source', '--import', join(fixtures, 'register-transpile.mjs')];
  const child = spawn(process.execPath, [...flags, join(fixtures, 'crash-child.mjs'), input], {
    env: { ...process.env, NODE_OPTIONS: '', PARACLE_TRANSPILE_CACHE: cache },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string): void => {
    output += chunk;
    if (output.endsWith('stopped\n')) child.kill('SIGKILL');
  });
  await once(child, 'close');
  await rm(input);
  return output.trimEnd().split('\n');
}

/** Removes what the children share. */
export async function removeCrashCache(): Promise<void> {
  await rm(cache, { recursive: true, force: true });
}
