import { hasCode } from '@paracle/core';
import { isolationErrorCodes } from '../errors/isolation-error-codes.js';
import type { Attachments } from './attachments.js';
import type { NetworkState } from './network-state.js';
import type { Attached } from './withdrawals.js';

/**
 * Puts a network's policy of now in force for all that are on it; resolves to what failed, once for each of them.
 * `settle` resolves once those that were being put on the network are on it, or are not.
 */
export async function enforcePolicy(
  network: NetworkState,
  attachments: Attachments,
  settle: () => Promise<void>,
): Promise<readonly unknown[]> {
  const failures = new Map<Attached, unknown>();
  const noteFor = (attached: Attached) => (error: unknown) => {
    // A container that has ended meanwhile needs no policy.
    if (!hasCode(error, isolationErrorCodes.notAttached)) failures.set(attached, error);
  };
  const reload = async (): Promise<void> => {
    const outdated = attachments.on(network.id).filter(({ generation }) => generation !== network.generation);
    await Promise.all(outdated.map(async (attachment) => attachment.reload().catch(noteFor(attachment))));
  };
  await reload();
  // Those that were being attached meanwhile may have begun with the policy before.
  await settle();
  await reload();
  // Those that should have lost the network are under no policy for as long as they have it.
  const { withdrawals } = attachments;
  const pending = withdrawals.list(network.id).filter((attached) => !failures.has(attached));
  await Promise.all(pending.map(async (attached) => withdrawals.attempt(attached).catch(noteFor(attached))));
  return [...failures.values()];
}
