/** A SHA-256 digest in the form `sha256:<64 lower-case hex digits>`. */
export type Digest = `sha256:${string}`;

/** What one path is, without its contents. */
export interface FileState {
  /** What kind of entry the path is; `other` for pipes, sockets and devices. */
  readonly type: 'file' | 'directory' | 'symlink' | 'other';
  /** Permission bits, set-id and sticky bits included (`0o7777`). */
  readonly mode: number;
  /** Owner's numeric id inside the container. */
  readonly uid: number;
  /** Group's numeric id inside the container. */
  readonly gid: number;
  /** Size in bytes; 0 for anything but files. */
  readonly sizeBytes: number;
  /** Digest of the contents; files only. Above 1 GiB it is that of the blocks that are not zero, with their places. */
  readonly digest?: Digest;
  /** What a symbolic link points to; symlinks only. */
  readonly target?: string;
}

/** One path that differs between two states of a file system. */
export interface FileChange {
  /** Absolute path inside the container, or relative to the root that the diff was asked for. */
  readonly path: string;
  /** `modified` covers contents, type, mode and owner alike: compare `before` and `after`. */
  readonly change: 'added' | 'modified' | 'deleted';
  /** The state in the older of the two; absent where the path was added. */
  readonly before?: FileState;
  /** The state in the newer of the two; absent where the path was deleted. */
  readonly after?: FileState;
}
