import { z } from 'zod';

/** What was written down when a snapshot was taken. */
export interface StoredDescription {
  readonly id: string;
  readonly containerId: string;
  /** Image that the container was made from: unchanged files are taken from there. */
  readonly imageId: string;
  readonly createdAt: Date;
  /** `requested`; `protect`: by `protect`, which deletes it; or `safety`: taken by a rollback before it began. */
  readonly kind: 'requested' | 'protect' | 'safety';
  /** Paths in its list; absent for a container that Paracle did not make, where nobody counts them. */
  readonly pathCount?: number | undefined;
  /** Contents that this snapshot added to the store, in bytes; shared contents count where they came first. */
  readonly addedBytes: number;
  /** The file systems that are part of it, by where they are mounted: the root, volumes and memory. */
  readonly covered: readonly string[];
  /** File systems mounted inside that are not part of it. */
  readonly notCovered: readonly string[];
  /**
   * Sockets and devices, which a rollback can't make again, and what has more extended attributes than it could put back.
   * For a container that Paracle did not make: what kinds of things the engine leaves out.
   */
  readonly notKept: readonly string[];
}

/** What is known of a snapshot without reading it. */
export interface SnapshotDescription extends StoredDescription {
  /** Whether it is kept until it is deleted or unpinned, whatever the policy says. */
  readonly isPinned: boolean;
}

const ID = /^snap_[0-9a-z]{26}$/u;

/** Whether a text can be a snapshot's id. */
export function isSnapshotId(text: string): boolean {
  return ID.test(text);
}

const schema: z.ZodType<StoredDescription> = z.strictObject({
  id: z.string().regex(ID),
  containerId: z.string(),
  imageId: z.string(),
  createdAt: z.iso.datetime().transform((text) => new Date(text)),
  kind: z.enum(['requested', 'protect', 'safety']),
  pathCount: z.int().optional(),
  addedBytes: z.int(),
  covered: z.array(z.string()),
  notCovered: z.array(z.string()),
  notKept: z.array(z.string()),
});

/** Reads a stored description; throws where it is damaged. */
export function parseSnapshotDescription(text: string): StoredDescription {
  return schema.parse(JSON.parse(text));
}
