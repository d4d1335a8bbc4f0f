import { constants } from 'node:fs';
import { lstat, open, readdir, readlink } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { type CallOptions, FileService, type SupervisorConnection } from '@paracle/core';
import type { SandboxUser } from '../lifecycle/resolve-user.js';

/** What of a host directory is copied into a sandbox; it has ten minutes unless `timeoutMs` says otherwise. */
export interface CopyInOptions extends CallOptions {
  /** Where it goes; made if it is not there. @defaultValue the working directory */
  readonly to?: string;
  /** Decides by relative path with `/`; a directory that is left out is left out with all below it. @defaultValue all */
  readonly filter?: (path: string) => boolean;
}

/** What was copied, and what was not. */
export interface CopyInResult {
  readonly fileCount: number;
  readonly sizeBytes: number;
  /** Neither file, directory nor link: relative paths that were left out. */
  readonly skipped: readonly string[];
}

interface Copy {
  readonly service: FileService;
  readonly source: string;
  readonly target: string;
  readonly user: SandboxUser;
  readonly options: CopyInOptions;
  readonly skipped: string[];
  fileCount: number;
  sizeBytes: number;
}

/**
 * Copies a directory of the host into the sandbox, owned by the sandbox's user. Links are copied as
 * links and never followed; set-id bits are not copied.
 */
export async function copyIn(
  connection: SupervisorConnection,
  source: string,
  context: { readonly target: string; readonly user: SandboxUser; readonly options: CopyInOptions },
): Promise<CopyInResult> {
  const { signal, timeoutMs } = context.options;
  await using service = FileService.open(connection, 'root', { signal, timeoutMs });
  const copy: Copy = { service, source, ...context, skipped: [], fileCount: 0, sizeBytes: 0 };
  await copyDirectory(copy, '');
  const { fileCount, sizeBytes, skipped } = copy;
  return { fileCount, sizeBytes, skipped };
}

async function copyDirectory(copy: Copy, path: string): Promise<void> {
  const { service, source, target, user, options } = copy;
  options.signal?.throwIfAborted();
  const directory = join(source, path);
  const state = await lstat(directory, { bigint: true });
  await service.makeDirectory(posix.join(target, path), { mode: Number(state.mode) & 0o777, owner: user });
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const child = path === '' ? entry.name : `${path}/${entry.name}`;
    if (options.filter?.(child) === false) continue;
    if (entry.isDirectory()) await copyDirectory(copy, child);
    else if (entry.isSymbolicLink()) await copyLink(copy, child);
    else if (entry.isFile()) await copyFile(copy, child);
    else copy.skipped.push(child);
  }
  await service.setAttributes(posix.join(target, path), { modifiedNs: state.mtimeNs });
}

async function copyLink({ service, source, target, user }: Copy, path: string): Promise<void> {
  const link = await readlink(join(source, path));
  await service.remove(posix.join(target, path));
  await service.makeSymlink(posix.join(target, path), link, { owner: user });
}

/** Opened without following a link, so that nothing outside the directory is read by a race. */
async function copyFile(copy: Copy, path: string): Promise<void> {
  copy.options.signal?.throwIfAborted();
  await using file = await open(join(copy.source, path), constants.O_RDONLY | constants.O_NOFOLLOW);
  const state = await file.stat({ bigint: true });
  const contents = await file.readFile();
  copy.fileCount++;
  copy.sizeBytes += contents.length;
  await copy.service.write(posix.join(copy.target, path), contents, {
    mode: Number(state.mode) & 0o777,
    owner: copy.user,
    modifiedNs: state.mtimeNs,
  });
}
