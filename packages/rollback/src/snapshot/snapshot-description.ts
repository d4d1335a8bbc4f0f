import { z } from 'zod';

/** What is known of a snapshot without reading it. */
export interface SnapshotDescription {
  readonly id: string;
  readonly containerId: string;
  /** Image that the sandbox was made from: unchanged files are taken from there. */
  readonly imageId: string;
  readonly createdAt: Date;
  /** `requested`; `protect`: by `protect`, which deletes it; or `safety`: taken by a rollback before it began. */
  readonly kind: 'requested' | 'protect' | 'safety';
  readonly pathCount: number;
  /** Contents that this snapshot added to the store, in bytes; shared contents count where they came first. */
  readonly addedBytes: number;
  /** File systems mounted inside that are not part of it. */
  readonly notCovered: readonly string[];
  /** Sockets, pipes and devices: a rollback can't make them again. */
  readonly notKept: readonly string[];
}

const ID = /^snap_[0-9a-z]{26}$/u;

/** Whether a text can be a snapshot's id. */
export function isSnapshotId(text: string): boolean {
  return ID.test(text);
}

const schema: z.ZodType<SnapshotDescription> = z.strictObject({
  id: z.string().regex(ID),
  containerId: z.string(),
  imageId: z.string(),
  createdAt: z.iso.datetime().transform((text) => new Date(text)),
  kind: z.enum(['requested', 'protect', 'safety']),
  pathCount: z.int(),
  addedBytes: z.int(),
  notCovered: z.array(z.string()),
  notKept: z.array(z.string()),
});

/** Reads a stored description; throws where it is damaged. */
export function parseSnapshotDescription(text: string): SnapshotDescription {
  return schema.parse(JSON.parse(text));
}
