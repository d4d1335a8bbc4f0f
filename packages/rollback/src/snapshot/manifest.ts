import { decodeRecord, type FileEntry, type FileRecord } from '@paracle/core';
import type { Digest } from '../diff/file-change.js';

/** What the sandbox's store holds of one path. */
export interface Kept {
  /** Contents; absent where they are still the image's. */
  readonly digest?: Digest;
  /** Extended attributes, as the file service takes them. */
  readonly attributes?: Buffer;
}

/** All paths of a sandbox's file systems. Paths are bytes written as latin1, so that none is lost. */
export interface Manifest {
  readonly records: ReadonlyMap<string, FileRecord>;
  readonly kept: ReadonlyMap<string, Kept>;
}

/** One path of a manifest. */
export interface ManifestEntry extends Omit<FileEntry, 'path' | 'target'>, Kept {
  readonly path: string;
  /** Where a link points to; latin1 like the path. */
  readonly target?: string;
}

/** Decodes one path of a manifest. */
export function entryAt({ records, kept }: Manifest, path: string): ManifestEntry | undefined {
  const record = records.get(path);
  if (record === undefined) return undefined;
  const { target, sizeBytes, ...entry } = decodeRecord(record);
  return {
    ...entry,
    path,
    sizeBytes: entry.type === 'file' ? sizeBytes : 0,
    ...(target !== undefined && { target: target.toString('latin1') }),
    ...kept.get(path),
  };
}

/** Whether a path has extended attributes that can't be put back once they are lost. */
export function losesAttributes({ hasAttributes, hasCapabilities, attributes }: ManifestEntry): boolean {
  return hasCapabilities || (hasAttributes && attributes === undefined);
}

/** The same for all names of one file, and for no other. */
export function toFileKey({ device, inode }: Pick<FileEntry, 'device' | 'inode'>): string {
  return `${device}:${inode}`;
}

/** The bytes of a path in a manifest. */
export function toPath(path: string): Buffer {
  return Buffer.from(path, 'latin1');
}

/** A path of a manifest as text for people. */
export function display(path: string): string {
  return toPath(path).toString('utf8');
}
