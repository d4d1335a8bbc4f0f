import { hasCode } from '@paracle/core';
import { findContradiction } from '../config/network-config.js';
import type { ResolvedNetworkPolicy } from '../config/network-policy.js';
import { isolationErrorCodes } from '../errors/isolation-error-codes.js';
import { IsolationError } from '../errors/isolation-errors.js';

/** The error for a container that is on no network of this isolator. */
export function notAttached(containerId: string): IsolationError {
  return new IsolationError(
    isolationErrorCodes.notAttached,
    `Container ${containerId.slice(0, 12)} is on no network of this isolator`,
    { details: { containerId } },
  );
}

/** The error for a container that is on a network of this isolator already. */
export function alreadyAttached(containerId: string, networkId: string): IsolationError {
  return new IsolationError(
    isolationErrorCodes.alreadyAttached,
    `Container ${containerId.slice(0, 12)} is on network ${networkId.slice(0, 12)} already`,
    { details: { containerId, networkId }, suggestion: 'One policy holds for a container: detach it first.' },
  );
}

/** The error for a policy that is not in force any more. */
export function drift(
  { containerId, networkId }: { readonly containerId: string; readonly networkId: string },
  differences: readonly string[],
  cause?: unknown,
): IsolationError {
  return new IsolationError(
    isolationErrorCodes.drift,
    `The policy is not in force for container ${containerId.slice(0, 12)}: ${differences.join('; ')}`,
    {
      details: { containerId, networkId, differences },
      cause,
      suggestion: 'The container loses the network. Find out who changed it, then attach it again.',
    },
  );
}

/** The error for a container that should not have its network any more, and may still have it. */
export function disconnectFailed(
  { containerId, networkId }: { readonly containerId: string; readonly networkId: string },
  cause: unknown,
): IsolationError {
  return new IsolationError(
    isolationErrorCodes.disconnectFailed,
    `Container ${containerId.slice(0, 12)} could not be taken off network ${networkId.slice(0, 12)} yet, and its policy may not be in force`,
    {
      details: { containerId, networkId },
      cause,
      suggestion: 'It is tried again until it succeeds or the isolator closes. Stop the container if it must not wait.',
    },
  );
}

/** The error for what cleaning up left. */
export function cleanupFailed(failures: readonly unknown[]): IsolationError {
  return new IsolationError(
    isolationErrorCodes.cleanupFailed,
    `${failures.length} networks or guards could not be removed`,
    {
      suggestion: 'Call it again. Once this process has ended, prune() removes them.',
      cause: new AggregateError(failures),
    },
  );
}

/** The error for a changed policy that did not reach all containers. */
export function policyUnenforced(networkId: string, failures: readonly unknown[]): IsolationError {
  const stillConnected = failures.flatMap((failure) =>
    hasCode(failure, isolationErrorCodes.disconnectFailed) ? [failure.details['containerId']] : [],
  );
  const lost = stillConnected.length === 0 ? '' : ` as far as possible: ${stillConnected.length} may still have it`;
  return new IsolationError(
    isolationErrorCodes.policyUnenforced,
    `The policy could not be put in force for ${failures.length} containers, which lose the network${lost}`,
    { details: { networkId, stillConnected }, cause: new AggregateError(failures) },
  );
}

/** Refuses a policy that can't hold on a network. */
export function refuseContradiction(
  { id, internal, subnet }: { readonly id: string; readonly internal: boolean; readonly subnet: string },
  policy: ResolvedNetworkPolicy,
): void {
  const contradiction = findContradiction({ internal, policy, subnets: [subnet] });
  if (contradiction === undefined) return;
  throw new IsolationError(isolationErrorCodes.policyContradiction, contradiction, { details: { networkId: id } });
}
