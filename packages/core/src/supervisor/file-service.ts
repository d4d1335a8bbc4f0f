import { constants } from 'node:buffer';
import type { CallOptions } from '../engine/connection/call-options.js';
import { LONGEST_TIMER_MS } from '../engine/connection/with-deadline.js';
import { AnswerDecoder, type AnswerListener } from './answer-decoder.js';
import {
  ANSWER,
  type FileListing,
  refuseData,
  requireType,
  type SavedContents,
  type SpaceUsage,
  toDigest,
} from './file-answers.js';
import { decodeRecord, type FileEntry, type FileRecord, splitEntries } from './file-entry.js';
import { attributes, type FileAttributes, OP } from './file-requests.js';
import { errnoName } from './linux-numbers.js';
import type { RemoteExecution } from './remote-execution.js';
import type { SupervisorConnection } from './supervisor-connection.js';
import {
  FileAnswerTooLargeError,
  FileOperationError,
  SupervisorLostError,
  SupervisorTimeoutError,
} from './supervisor-errors.js';
import { PayloadReader, PayloadWriter } from './wire.js';

const CHUNK_BYTES = 56 * 1024;
const DEFAULT_TIMEOUT_MS = 600_000;
/** What a walk may find: each entry takes about half a KiB of this process's memory. */
const MAX_ENTRIES = 1_000_000;
/** Of the answers to one walk: 256 bytes for each of so many entries. */
const MAX_WALK_BYTES = 256 * 1024 * 1024;

/** So that a request takes them, with a path. */
const MAX_ATTRIBUTES_BYTES = 60 * 1024;

interface PendingAnswer {
  readonly operation: string;
  readonly path: string;
  readonly onData: AnswerListener;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** A path: text, or bytes where a name is not UTF-8. Absolute. */
export type SandboxPath = string | Buffer;

/**
 * Files of a sandbox, through a process of the supervisor's own. Requests are answered in order and
 * may be sent without waiting for one another.
 */
export class FileService {
  readonly #execution: RemoteExecution;
  readonly #pending: PendingAnswer[] = [];
  readonly #decoder = new AnswerDecoder((type, payload) => {
    this.#answer(type, payload);
  });
  #writing: Promise<unknown> = Promise.resolve();
  #lost: unknown;

  private constructor(open: (onOutput: (bytes: Buffer) => void) => RemoteExecution, options: CallOptions) {
    this.#execution = open((bytes) => {
      this.#decoder.push(bytes);
    });
    const stopWaiting = this.#limit(options);
    void this.#execution.ended
      .then(
        () => new SupervisorLostError('its file service ended'),
        (error: unknown) => error,
      )
      .then((error) => {
        stopWaiting();
        this.#fail(error);
      });
  }

  /**
   * Starts a file service. As `root` it sees everything and follows no link; as a user the kernel
   * checks every access as that user's. The options count for all of its work together; without a limit it has
   * ten minutes, then its requests reject with `PARACLE_SUPERVISOR_TIMEOUT`.
   */
  static open(
    connection: SupervisorConnection,
    identity: 'root' | { readonly uid: number; readonly gid: number },
    options: CallOptions = {},
  ): FileService {
    const { uid, gid } = identity === 'root' ? { uid: 0, gid: 0 } : identity;
    const open = (onOutput: (bytes: Buffer) => void): RemoteExecution => {
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
    };
    return new FileService(open, options);
  }

  /**
   * Lists a path and everything below, each decoded; see {@link list}.
   * @throws FileAnswerTooLargeError `PARACLE_SUPERVISOR_FILE_ANSWER_TOO_LARGE`
   */
  async walk(
    path: SandboxPath,
    options: { readonly maxEntries?: number } = {},
  ): Promise<{ entries: FileEntry[]; skipped: readonly string[] }> {
    const { records, skipped } = await this.list(path, options);
    return { entries: [...records.values()].map(decodeRecord), skipped };
  }

  /**
   * Lists a path and everything below as records by path (latin1), a directory before what is in it; mounted file systems
   * are left out and named in `skipped`.
   * @throws FileAnswerTooLargeError `PARACLE_SUPERVISOR_FILE_ANSWER_TOO_LARGE` above `maxEntries` (1,000,000 unless told
   * otherwise), or above 256 MiB
   */
  async list(path: SandboxPath, options: { readonly maxEntries?: number } = {}): Promise<FileListing> {
    const { maxEntries = MAX_ENTRIES } = options;
    const root = Buffer.from(path);
    const records = new Map<string, FileRecord>();
    const skipped: string[] = [];
    let [count, sizeBytes] = [0, 0];
    const take = (entryPath: string, record: FileRecord): void => {
      count++;
      records.set(entryPath, record);
    };
    await this.#request(OP.walk, 'list', path, new PayloadWriter().text(path), (type, payload) => {
      sizeBytes += payload.length;
      if (type === ANSWER.skipped) skipped.push(payload.toString());
      else {
        requireType(ANSWER.entries, type);
        // The decoder's bytes are not for keeping.
        splitEntries(Buffer.from(payload), root, take);
      }
      if (count + skipped.length > maxEntries)
        this.#giveUp(new FileAnswerTooLargeError('list', path.toString(), `${maxEntries} entries`));
      else if (sizeBytes > MAX_WALK_BYTES)
        this.#giveUp(new FileAnswerTooLargeError('list', path.toString(), `${MAX_WALK_BYTES} bytes`));
    });
    return { records, skipped };
  }

  /** One path, the link itself where it is one. */
  async stat(path: SandboxPath): Promise<FileEntry> {
    let entry: FileEntry | undefined;
    await this.#request(OP.stat, 'look at', path, new PayloadWriter().text(path), (type, payload) => {
      requireType(ANSWER.entries, type);
      entry = decodeRecord(payload);
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
    await this.#request(OP.space, 'measure', path, request, (type, payload) => {
      requireType(ANSWER.entries, type);
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

  /**
   * A regular file's contents.
   * @throws FileAnswerTooLargeError `PARACLE_SUPERVISOR_FILE_ANSWER_TOO_LARGE` where there are more bytes than `maxBytes`;
   * the service ends with it
   */
  async read(path: SandboxPath, maxBytes: number): Promise<Buffer> {
    const allowedBytes = Math.min(maxBytes, constants.MAX_LENGTH);
    let contents = Buffer.alloc(0);
    let sizeBytes = 0;
    await this.#request(OP.read, 'read', path, new PayloadWriter().text(path), (type, piece) => {
      requireType(ANSWER.chunk, type);
      const grown = sizeBytes + piece.length;
      if (grown > allowedBytes) {
        this.#giveUp(new FileAnswerTooLargeError('read', path.toString(), `${allowedBytes} bytes`));
        return;
      }
      if (grown > contents.length) contents = enlarge(contents, Math.min(allowedBytes, Math.max(grown, 2 * sizeBytes)));
      contents.set(piece, sizeBytes);
      sizeBytes = grown;
    });
    return contents.subarray(0, sizeBytes);
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

  /** Makes a named pipe. */
  async makeFifo(path: SandboxPath, set: FileAttributes): Promise<void> {
    await this.#request(OP.fifo, 'make pipe', path, attributes(new PayloadWriter(), set).text(path));
  }

  /** Puts another name of the file `existing`, a hard link, in place of a path. */
  async makeLink(path: SandboxPath, existing: SandboxPath): Promise<void> {
    await this.#request(OP.link, 'link', path, new PayloadWriter().text(path).text(existing));
  }

  /**
   * A path's extended attributes, those of programs and access lists (`user.*`, `system.posix_acl_*`), as
   * {@link writeAttributes} takes them; empty for links.
   * @throws FileAnswerTooLargeError `PARACLE_SUPERVISOR_FILE_ANSWER_TOO_LARGE` above 60 KiB, more than can be written back
   */
  async readAttributes(path: SandboxPath): Promise<Buffer> {
    const parts = new PayloadWriter();
    let sizeBytes = 0;
    await this.#request(OP.readAttributes, 'read attributes', path, new PayloadWriter().text(path), (type, payload) => {
      requireType(ANSWER.chunk, type);
      const end = payload.indexOf(0);
      if (end < 0) throw new RangeError('an attribute without a name');
      sizeBytes += payload.length + 4;
      if (sizeBytes > MAX_ATTRIBUTES_BYTES) return;
      const value = payload.subarray(end + 1);
      parts.text(payload.subarray(0, end)).u32(value.length).bytes(Buffer.from(value));
    });
    if (sizeBytes > MAX_ATTRIBUTES_BYTES)
      throw new FileAnswerTooLargeError('read attributes', path.toString(), `${MAX_ATTRIBUTES_BYTES} bytes`);
    return parts.finish();
  }

  /** Gives a path exactly these extended attributes. Only as `root`. */
  async writeAttributes(path: SandboxPath, extended: Uint8Array): Promise<void> {
    await this.#request(OP.writeAttributes, 'write attributes', path, new PayloadWriter().text(path).bytes(extended));
  }

  async setAttributes(path: SandboxPath, set: FileAttributes): Promise<void> {
    await this.#request(OP.set, 'change', path, attributes(new PayloadWriter(), set).text(path));
  }

  /** SHA-256 of a file's contents. */
  async hash(path: SandboxPath): Promise<`sha256:${string}`> {
    let digest: `sha256:${string}` | undefined;
    await this.#request(OP.hash, 'hash', path, new PayloadWriter().text(path), (type, payload) => {
      requireType(ANSWER.chunk, type);
      digest = toDigest(new PayloadReader(payload));
    });
    if (digest === undefined) throw new FileOperationError('hash', path.toString(), 'EPROTO');
    return digest;
  }

  /** Copies a file's contents into the sandbox's store; `EAGAIN` where it changed meanwhile. Only as `root`. */
  async save(path: SandboxPath): Promise<SavedContents> {
    let saved: SavedContents | undefined;
    await this.#request(OP.save, 'save', path, new PayloadWriter().text(path), (type, payload) => {
      requireType(ANSWER.chunk, type);
      const reader = new PayloadReader(payload);
      const [digest, sizeBytes] = [toDigest(reader), reader.size()];
      saved = { digest, sizeBytes, changedNs: reader.i64() * 1_000_000_000n + BigInt(reader.u32()) };
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
    if (this.#pending.length === 0) this.#execution.expectEnd(0);
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
    onData: AnswerListener = refuseData,
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

  #answer(type: number, payload: Buffer): void {
    if (this.#lost !== undefined) return;
    const pending = this.#pending[0];
    if (pending === undefined) throw new RangeError('an answer to nothing');
    if (type !== ANSWER.ok && type !== ANSWER.error) {
      pending.onData(type, payload);
      return;
    }
    // Read first: a malformed answer ends the connection, and this request must be there to be told.
    const errno = type === ANSWER.error ? new PayloadReader(payload).u32() : 0;
    this.#pending.shift();
    if (type === ANSWER.ok) pending.resolve();
    else pending.reject(new FileOperationError(pending.operation, pending.path, errnoName(errno)));
  }

  /** Starts the clock; the function that it returns stops it. */
  #limit({ signal, timeoutMs = DEFAULT_TIMEOUT_MS }: CallOptions): () => void {
    const onTimeout = (): void => this.#giveUp(new SupervisorTimeoutError('serve files', timeoutMs));
    const onAbort = (): void => this.#giveUp(signal?.reason);
    const timer = timeoutMs > LONGEST_TIMER_MS ? undefined : setTimeout(onTimeout, timeoutMs).unref();
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted === true) onAbort();
    return () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
  }

  #giveUp(reason: unknown): void {
    this.#fail(reason);
    this.#execution.giveUp(reason);
  }

  #fail(error: unknown): void {
    this.#lost ??= error;
    for (const { reject } of this.#pending.splice(0)) reject(this.#lost);
  }
}

function enlarge(bytes: Buffer, size: number): Buffer<ArrayBuffer> {
  const grown = Buffer.allocUnsafe(size);
  grown.set(bytes);
  return grown;
}
