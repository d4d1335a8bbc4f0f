import { z } from 'zod';

/** How work is protected. */
export interface ProtectOptions {
  /**
   * Ends the wait for a turn and the taking of the snapshot; then the work has it as `context.signal`. Once it has fired,
   * `protect` rejects when the work has ended, as after any error. The rollback is not ended by it.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * Milliseconds for the snapshot, as many again for the rollback, and for deleting the snapshot. The work has no limit
   * but those of its own calls. @defaultValue 600000 for what is done inside the sandbox
   */
  readonly stepTimeoutMs?: number | undefined;
  /** Keeps the snapshot afterwards, as one that was asked for by `createSnapshot`. @defaultValue false */
  readonly keepSnapshot?: boolean | undefined;
}

/** {@link ProtectOptions} after defaults. */
export interface ResolvedProtectOptions {
  readonly stepTimeoutMs?: number | undefined;
  readonly keepSnapshot: boolean;
}

/** Checks {@link ProtectOptions} but for the signal: what is checked is frozen, and that can't be. */
export const protectOptionsSchema: z.ZodType<ResolvedProtectOptions> = z.strictObject({
  stepTimeoutMs: z.int().min(1).optional(),
  keepSnapshot: z.boolean().default(false),
});
