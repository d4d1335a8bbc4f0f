import type { Engine, Logger } from '@paracle/core';
import { z } from 'zod';
import type { DenialJournal } from '../denials/parse-denials.js';

/** How an isolator works. */
export interface NetworkIsolatorOptions {
  /** The engine to use; an isolator that is given one doesn't close it. @defaultValue the engine that is found */
  readonly engine?: Engine;
  /** @defaultValue silent */
  readonly logger?: Logger;
  /** CIDRs of IPv4 to take subnets from. @defaultValue those of `chooseSubnet` */
  readonly pools?: readonly string[] | undefined;
  /** Prefix length of subnets that are chosen, from 8 to 30. @defaultValue 28 (13 containers) */
  readonly prefixLength?: number | undefined;
}

/** Those of {@link NetworkIsolatorOptions} that are plain values. */
export type IsolatorSettings = Pick<NetworkIsolatorOptions, 'pools' | 'prefixLength'>;

/** Checks an isolator's {@link IsolatorSettings}. */
export const isolatorSettingsSchema: z.ZodType<IsolatorSettings> = z.strictObject({
  pools: z.array(z.string()).optional(),
  prefixLength: z.int().min(8).max(30).optional(),
});

/** What an isolator tells. */
export interface NetworkIsolatorEvents {
  /** A container was refused something; told when somebody reads what was, as each execution of a sandbox does. */
  denied: [DenialJournal & { readonly containerId: string }];
  /**
   * A container lost its network: it ended, or its rules were not in force any more. Where the engine did not take it off
   * at once `isDisconnected` is false; that is tried again, and told again once it is done.
   */
  lost: [{ readonly containerId: string; readonly networkId: string; readonly isDisconnected: boolean }];
}
