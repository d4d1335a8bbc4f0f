import { type CallOptions, parseConfig } from '@paracle/core';
import { z } from 'zod';

/** What `fork` needs of a sandbox. */
export interface ForkedSandbox {
  readonly container: { readonly id: string };
  destroy(): Promise<void>;
}

/** What `fork` makes; copying and restoring have ten minutes each in a sandbox unless `timeoutMs` says otherwise. */
export interface ForkOptions<Fork extends ForkedSandbox> extends CallOptions {
  /** Makes one new sandbox, such as `() => sandboxes.create(sandbox.config)`. */
  readonly create: (options: { readonly signal?: AbortSignal | undefined }) => Promise<Fork>;
  /** How many, at once. @defaultValue 1 */
  readonly count?: number;
}

const schema = z.strictObject({ count: z.int().min(1).max(1000).default(1) });

/** @throws InvalidConfigError `PARACLE_CORE_CONFIG_INVALID` where an option is unknown or wrong */
export function resolveForkOptions({
  signal,
  timeoutMs,
  ...own
}: Omit<ForkOptions<ForkedSandbox>, 'create'>): CallOptions & { readonly count: number } {
  return { ...parseConfig(schema, own, 'fork options'), signal, timeoutMs };
}
