import { ParacleError } from '@paracle/core';
import { isolationErrorCodes } from './isolation-error-codes.js';

/** A failure of network isolation. */
export class IsolationError extends ParacleError {
  override readonly name: string = 'IsolationError';
}

/** A subnet that can't be given away, and who has it. */
export interface TakenSubnet {
  /** As a CIDR, or one address. */
  readonly subnet: string;
  /** Who has it, in words for people: `network web`, `route by tun0`. */
  readonly holder: string;
}

/** No pool has room for another subnet. */
export class SubnetPoolsExhaustedError extends IsolationError {
  override readonly name: string = 'SubnetPoolsExhaustedError';
  /** Who holds what in the pools; at most 1,000. */
  readonly holders: readonly TakenSubnet[];

  constructor(pools: readonly string[], prefixLength: number, holders: readonly TakenSubnet[]) {
    const shown = holders.slice(0, 5).map(({ subnet, holder }) => `${subnet} (${holder})`);
    const more = holders.length > shown.length ? ` and ${holders.length - shown.length} more` : '';
    super(
      isolationErrorCodes.poolsExhausted,
      `No subnet of prefix length ${prefixLength} is free in ${pools.join(', ')}: held by ${shown.join(', ') || 'nobody; the pools are too small'}${more}`,
      {
        details: { pools, prefixLength, holders: holders.slice(0, 1000) },
        suggestion: 'Remove networks that are not used any more, or name other pools.',
      },
    );
    this.holders = holders.slice(0, 1000);
  }
}
