import { z } from 'zod';
import type { ProcessIdentity } from './process-identity.js';

/** The process that holds a workspace's lock. */
export interface LockHolder extends ProcessIdentity {
  /** When it took the lock, in ISO 8601. */
  readonly at: string;
}

const schema: z.ZodType<LockHolder> = z.strictObject({
  pid: z.int().positive(),
  startedAt: z.string(),
  boot: z.string(),
  pidNamespace: z.string(),
  host: z.string(),
  at: z.string(),
});

/** Reads a lock's text; undefined where it is not one of ours. */
export function parseLockHolder(text: string): LockHolder | undefined {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
