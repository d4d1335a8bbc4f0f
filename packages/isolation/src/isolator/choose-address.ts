import { formatAddress } from '../addresses/address-range.js';
import { toRange } from '../addresses/parse-range.js';
import { isolationErrorCodes } from '../errors/isolation-error-codes.js';
import { IsolationError } from '../errors/isolation-errors.js';

/** How many containers a subnet has room for: all but its first, its last and its gateway. */
export function capacityOf(subnet: string): number {
  const { first, last } = toRange(subnet);
  return Number(last - first) - 2;
}

/**
 * Chooses one of a network's free addresses, at random, so that two who choose at once rarely choose the same.
 * @throws IsolationError `PARACLE_ISOLATION_NETWORK_FULL`
 */
export function chooseAddress(
  network: { readonly name: string; readonly subnet: string; readonly gateway: string },
  taken: ReadonlySet<string>,
): string {
  const { first, last } = toRange(network.subnet);
  const count = Number(last - first) - 1;
  const start = Math.floor(Math.random() * count);
  for (let step = 0; step < count && step <= taken.size + 1; step++) {
    const address = formatAddress(4, first + 1n + BigInt((start + step) % count));
    if (address !== network.gateway && !taken.has(address)) return address;
  }
  throw networkFull(network);
}

/** The error for a network that has no address left. */
export function networkFull(
  { name, subnet }: { readonly name: string; readonly subnet: string },
  cause?: unknown,
): IsolationError {
  return new IsolationError(
    isolationErrorCodes.networkFull,
    `Network ${name} is full: ${subnet} has room for ${capacityOf(subnet)} containers`,
    { details: { name, subnet }, suggestion: 'Detach containers, or make a network with a larger `subnet`.', cause },
  );
}
