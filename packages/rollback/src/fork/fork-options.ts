import { type CallOptions, parseConfig } from '@paracle/core';
import { z } from 'zod';

/** What `fork` needs of a sandbox. */
export interface ForkedSandbox {
  /** With the id that the engine gave it. */
  readonly container: { readonly id: string };
  destroy(): Promise<void>;
}

/**
 * What `fork` makes. Making all has ten minutes, and so have copying and restoring in each sandbox, unless `timeoutMs` says
 * otherwise.
 */
export interface ForkOptions<Fork extends ForkedSandbox> extends CallOptions {
  /**
   * Makes one new sandbox, such as `({ signal }) => sandboxes.create(sandbox.config, { signal })`. All are there at once, and
   * the origin too: the manager needs room for them (`maxConcurrent`). The signal fires when the fork is given up.
   */
  readonly create: (options: { readonly signal: AbortSignal }) => Promise<Fork>;
  /** How many, at once. @defaultValue 1 */
  readonly count?: number;
}

/** {@link ForkOptions} after defaults, without `create`. */
export interface ResolvedForkOptions extends CallOptions {
  readonly count: number;
  readonly timeoutMs: number;
}

const DEFAULT_TIMEOUT_MS = 600_000;

const schema = z.strictObject({ count: z.int().min(1).max(1000).default(1) });

/** @throws InvalidConfigError `PARACLE_CORE_CONFIG_INVALID` where an option is unknown or wrong */
export function resolveForkOptions({
  signal,
  timeoutMs = DEFAULT_TIMEOUT_MS,
  ...own
}: Omit<ForkOptions<ForkedSandbox>, 'create'>): ResolvedForkOptions {
  return { ...parseConfig(schema, own, 'fork options'), signal, timeoutMs };
}
