import { coreErrorCodes, hasCode } from '@paracle/core';

/** Somebody else has the address. */
export function isAddressTaken(error: unknown): boolean {
  return hasCode(error, coreErrorCodes.engineResponse) && /address already in use/iu.test(error.message);
}

/** The network has none left. */
export function isFull(error: unknown): boolean {
  return hasCode(error, coreErrorCodes.engineResponse) && /no available.*address/iu.test(error.message);
}

/** The network was removed. */
export function isGone(error: unknown): boolean {
  return hasCode(error, coreErrorCodes.engineObjectNotFound) && /network/iu.test(error.message);
}
