import { type FileEntry, readFileEntry } from './file-entry.js';
import { errnoName } from './linux-numbers.js';
import type { RemoteExecution } from './remote-execution.js';
import type { SupervisorConnection } from './supervisor-connection.js';
import { FileOperationError, SupervisorLostError } from './supervisor-errors.js';
import { PayloadReader, PayloadWriter } from './wire.js';

const OP = {
  walk: 1,
  read: 2,
  write: 3,
  data: 4,
  writeEnd: 5,
  makeDirectory: 6,
  symlink: 7,
  remove: 8,
  set: 9,
  hash: 10,
  save: 11,
  restore: 12,
  stat: 13,
  space: 14,
  room: 15,
} as const;

const ANSWER = { ok: 1, error: 2, chunk: 3, entries: 4, skipped: 5 } as const;
const SET = { mode: 1, owner: 2, time: 4 } as const;
const MAX_ANSWER_BYTES = 128 * 1024;
const CHUNK_BYTES = 56 * 1024;

/** What is set on a path; what is absent stays as it is. */
export interface FileAttributes {
  readonly mode?: number;
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** Time of last modification, nanoseconds since 1970. */
  readonly modifiedNs?: bigint;
}

/** Contents in a sandbox's store. */
export interface SavedContents {
  readonly digest: `sha256:${string}`;
  readonly sizeBytes: number;
}

/** Space that a tree takes. */
export interface SpaceUsage {
  readonly bytes: number;
  /** Files, directories and everything else that has a name. */
  readonly entries: number;
  /** Of what changed since the moment that was asked for. */
  readonly changedBytes: number;
  readonly changedEntries: number;
}

interface PendingAnswer {
  readonly operation: string;
  readonly path: string;
  readonly onData: (type: number, payload: Buffer) => void;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** A path: text, or bytes where a name is not UTF-8. Absolute. */
export type SandboxPath = string | Buffer;

function attributes(writer: PayloadWriter, set: FileAttributes): PayloadWriter {
  const flags =
    (set.mode === undefined ? 0 : SET.mode) |
    (set.owner === undefined ? 0 : SET.owner) |
    (set.modifiedNs === undefined ? 0 : SET.time);
  const time = set.modifiedNs ?? 0n;
  const nanoseconds = ((time % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  return writer
    .u32(flags)
    .u32(set.mode ?? 0)
    .u32(set.owner?.uid ?? 0)
    .u32(set.owner?.gid ?? 0)
    .u64((time - nanoseconds) / 1_000_000_000n)
    .u32(Number(nanoseconds));
}

/**
 * Files of a sandbox, through a process of the supervisor's own. Requests are answered in order and
 * may be sent without waiting for one another.
 */
export class FileService {
  readonly #execution: RemoteExecution;
  readonly #pending: PendingAnswer[] = [];
  #received = Buffer.alloc(0);
  #writing: Promise<unknown> = Promise.resolve();
  #lost: unknown;

  private constructor(open: (onOutput: (bytes: Buffer) => void) => RemoteExecution) {
    this.#execution = open((bytes) => {
      this.#accept(bytes);
    });
    void this.#execution.ended.then(
      () => {
        this.#fail(new SupervisorLostError('its file service ended'));
      },
      (error: unknown) => {
        this.#fail(error);
      },
    );
  }

  /**
   * Starts a file service. As `root` it sees everything and follows no link; as a user the kernel
   * checks every access as that user's.
   */
  static open(
    connection: SupervisorConnection,
    identity: 'root' | { readonly uid: number; readonly gid: number },
  ): FileService {
    const { uid, gid } = identity === 'root' ? { uid: 0, gid: 0 } : identity;
    return new FileService((onOutput) => {
      const execution: RemoteExecution = connection.execute(
        {
          kind: identity === 'root' ? 'privileged-files' : 'files',
          argv: [],
          environment: {},
          workingDirectory: '/',
          uid,
          gid,
          timeoutMs: 0,
          killGraceMs: 0,
          hasStdin: true,
          keepsBackground: false,
        },
        (stream, piece) => {
          const bytes = piece.length;
          if (stream === 'stdout') onOutput(piece);
          execution.consumed(stream, bytes);
        },
      );
      return execution;
    });
  }

  /** Lists a path and everything below; mounted file systems are left out and named in `skipped`. */
  async walk(path: SandboxPath): Promise<{ entries: FileEntry[]; skipped: string[] }> {
    const entries: FileEntry[] = [];
    const skipped: string[] = [];
    await this.#request(OP.walk, 'list', path, new PayloadWriter().text(path), (type, payload) => {
      if (type === ANSWER.skipped) skipped.push(payload.toString());
      const reader = new PayloadReader(payload);
      while (type === ANSWER.entries && reader.left > 0) entries.push(readFileEntry(reader));
    });
    return { entries, skipped };
  }

  /** One path, the link itself where it is one. */
  async stat(path: SandboxPath): Promise<FileEntry> {
    let entry: FileEntry | undefined;
    await this.#request(OP.stat, 'look at', path, new PayloadWriter().text(path), (_type, payload) => {
      entry = readFileEntry(new PayloadReader(payload));
    });
    if (entry === undefined) throw new FileOperationError('look at', path.toString(), 'EPROTO');
    return { ...entry, path: Buffer.from(path) };
  }

  /**
   * Sums up what {@link walk} would list: all of it, and what changed at that second since 1970 or later. What is
   * open and has no name any more is not found. Rejects where a part of it can't be seen.
   */
  async space(path: SandboxPath, sinceSeconds: number): Promise<SpaceUsage> {
    let usage: SpaceUsage | undefined;
    const request = new PayloadWriter().text(path).u64(BigInt(sinceSeconds));
    await this.#request(OP.space, 'measure', path, request, (_type, payload) => {
      const reader = new PayloadReader(payload);
      const [bytes, entries] = [reader.size(), reader.size()];
      usage = { bytes, entries, changedBytes: reader.size(), changedEntries: reader.size() };
    });
    if (usage === undefined) throw new FileOperationError('measure', path.toString(), 'EPROTO');
    return usage;
  }

  /** Rejects where a directory has no room for 4 KiB in a new file (`ENOSPC`, `EDQUOT`). Only as a user. */
  async requireRoom(path: SandboxPath): Promise<void> {
    await this.#request(OP.room, 'write to', path, new PayloadWriter().text(path));
  }

  /** Reads a regular file piece by piece; pieces are reused, copy what is kept. */
  async read(path: SandboxPath, onPiece: (piece: Buffer) => void): Promise<void> {
    await this.#request(OP.read, 'read', path, new PayloadWriter().text(path), (_type, payload) => {
      onPiece(payload);
    });
  }

  /** Replaces a file's contents in one step: readers see the old or the new, never a part. */
  async write(path: SandboxPath, contents: Uint8Array, set: FileAttributes): Promise<void> {
    // The service writes one file at a time.
    const turn = this.#writing.then(async () => this.#write(path, contents, set));
    this.#writing = turn.catch(() => undefined);
    return turn;
  }

  /** Makes a directory; one that exists gets the attributes. */
  async makeDirectory(path: SandboxPath, set: FileAttributes): Promise<void> {
    await this.#request(OP.makeDirectory, 'make directory', path, attributes(new PayloadWriter(), set).text(path));
  }

  async makeSymlink(path: SandboxPath, target: SandboxPath, set: FileAttributes): Promise<void> {
    await this.#request(OP.symlink, 'make link', path, attributes(new PayloadWriter(), set).text(path).text(target));
  }

  /** Removes a path with all below it; one that does not exist is fine. */
  async remove(path: SandboxPath): Promise<void> {
    await this.#request(OP.remove, 'remove', path, new PayloadWriter().text(path));
  }

  async setAttributes(path: SandboxPath, set: FileAttributes): Promise<void> {
    await this.#request(OP.set, 'change', path, attributes(new PayloadWriter(), set).text(path));
  }

  /** SHA-256 of a file's contents. */
  async hash(path: SandboxPath): Promise<`sha256:${string}`> {
    let digest = '';
    await this.#request(OP.hash, 'hash', path, new PayloadWriter().text(path), (_type, payload) => {
      digest = payload.toString('hex');
    });
    return `sha256:${digest}`;
  }

  /** Copies a file's contents into the sandbox's store. Only as `root`. */
  async save(path: SandboxPath): Promise<SavedContents> {
    let saved: SavedContents | undefined;
    await this.#request(OP.save, 'save', path, new PayloadWriter().text(path), (_type, payload) => {
      const reader = new PayloadReader(payload);
      saved = { digest: `sha256:${reader.bytes(32).toString('hex')}`, sizeBytes: reader.size() };
    });
    if (saved === undefined) throw new FileOperationError('save', path.toString(), 'EPROTO');
    return saved;
  }

  /** Puts contents of the store in place of a file; damaged contents are refused. Only as `root`. */
  async restore(digest: string, path: SandboxPath, set: FileAttributes): Promise<void> {
    const request = attributes(new PayloadWriter(), set)
      .text(path)
      .text(digest.replace(/^sha256:/, ''));
    await this.#request(OP.restore, 'restore', path, request);
  }

  /** Ends the service after what was asked of it. */
  async close(): Promise<void> {
    this.#execution.endInput();
    await this.#execution.ended.catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #write(path: SandboxPath, contents: Uint8Array, set: FileAttributes): Promise<void> {
    void this.#send(OP.write, attributes(new PayloadWriter(), set).text(path).finish());
    for (let at = 0; at < contents.length; at += CHUNK_BYTES) {
      const sent = this.#send(OP.data, Buffer.from(contents.subarray(at, at + CHUNK_BYTES)));
      if (at % (CHUNK_BYTES * 64) === 0) await sent;
    }
    await this.#request(OP.writeEnd, 'write', path, new PayloadWriter());
  }

  async #request(
    operation: number,
    name: string,
    path: SandboxPath,
    payload: PayloadWriter,
    onData: (type: number, payload: Buffer) => void = () => undefined,
  ): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#pending.push({ operation: name, path: path.toString(), onData, resolve, reject });
      if (this.#lost === undefined) void this.#send(operation, payload.finish());
      else this.#fail(this.#lost);
    });
  }

  #send(operation: number, payload: Buffer): Promise<void> {
    const header = new PayloadWriter().u32(payload.length + 1).u8(operation);
    return this.#execution.write(header.bytes(payload).finish());
  }

  #accept(bytes: Buffer): void {
    this.#received = this.#received.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#received, bytes]);
    let at = 0;
    while (this.#received.length - at >= 4) {
      const length = this.#received.readUInt32LE(at);
      if (length === 0 || length > MAX_ANSWER_BYTES) throw new RangeError(`an answer of ${length} bytes`);
      if (this.#received.length - at - 4 < length) break;
      this.#answer(this.#received.readUInt8(at + 4), this.#received.subarray(at + 5, at + 4 + length));
      at += 4 + length;
    }
    this.#received = this.#received.subarray(at);
  }

  #answer(type: number, payload: Buffer): void {
    const pending = this.#pending[0];
    if (pending === undefined) throw new RangeError('an answer to nothing');
    if (type !== ANSWER.ok && type !== ANSWER.error) {
      pending.onData(type, payload);
      return;
    }
    this.#pending.shift();
    if (type === ANSWER.ok) pending.resolve();
    else pending.reject(new FileOperationError(pending.operation, pending.path, errnoName(payload.readUInt32LE(0))));
  }

  #fail(error: unknown): void {
    this.#lost = error;
    for (const { reject } of this.#pending.splice(0)) reject(error);
  }
}
