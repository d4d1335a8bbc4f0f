import {
  type ContainerDescription,
  type ContainerSummary,
  type Engine,
  labelKeys,
  type NetworkSummary,
} from '@paracle/core';
import { z } from 'zod';
import type { ResolvedRollbackConfig } from '../config/rollback-config.js';
import { rollbackErrorCodes } from '../errors/rollback-error-codes.js';
import { RollbackError } from '../errors/rollback-errors.js';
import type { RollbackOptions } from '../restore/rollback-options.js';
import { networkIdsOf } from './container-identity.js';

const MEBIBYTE = 1024 * 1024;
const hostConfigSchema = z.object({ AutoRemove: z.boolean().default(false) });

/** @throws RollbackError `PARACLE_ROLLBACK_OPTION_UNSUPPORTED` for a part of a container or a trial */
export function refuseOptions({ dryRun = false, only, root }: RollbackOptions): void {
  const refused = [
    ...(dryRun ? ['dryRun'] : []),
    ...(only === undefined ? [] : ['only']),
    ...(root === undefined || root === '/' ? [] : ['root']),
  ];
  if (refused.length === 0) return;
  throw new RollbackError(
    rollbackErrorCodes.optionUnsupported,
    `A container that Paracle did not make is replaced as a whole, which \`${refused.join('`, `')}\` would forbid`,
    { details: { options: refused }, suggestion: 'Leave the options out.' },
  );
}

/** @throws RollbackError `PARACLE_ROLLBACK_CONTAINER_UNSUPPORTED` for one that can't be replaced without loss */
export function refuseContainer(container: ContainerDescription, all: readonly ContainerSummary[]): void {
  const { id, name, hostConfig } = container;
  if (hostConfigSchema.parse(hostConfig).AutoRemove) {
    throw unsupported(container, 'the engine removes it as soon as it stops (`--rm`)', 'Run it without --rm.');
  }
  const modes = new Set([`container:${id}`, `container:${name}`]);
  // A guard of ours ends with the container, and the next one gets its own.
  const guests = all
    .filter(({ networkMode, labels }) => modes.has(networkMode) && labels[labelKeys.managed] !== 'true')
    .map(({ names }) => names[0] ?? '');
  if (guests.length === 0) return;
  throw unsupported(
    container,
    `${guests.join(', ')} would lose the network that is shared with it`,
    'Remove these first.',
  );
}

/** @throws RollbackError `PARACLE_ROLLBACK_SNAPSHOT_TOO_LARGE` */
export function refuseTooLarge(
  { id, writtenBytes = 0 }: ContainerDescription,
  { maxSnapshotMb }: ResolvedRollbackConfig,
): void {
  const maxBytes = maxSnapshotMb * MEBIBYTE;
  if (writtenBytes <= maxBytes) return;
  throw new RollbackError(
    rollbackErrorCodes.snapshotTooLarge,
    `A snapshot of container ${id} would take ${writtenBytes} bytes, at most ${maxBytes} are allowed`,
    {
      details: { containerId: id, sizeBytes: writtenBytes, maxBytes },
      suggestion: 'Remove large files, also sparse ones, or raise `maxSnapshotMb`.',
    },
  );
}

/**
 * Ids of the networks of ours that a container is on; somebody has to enforce their policies for the new one too.
 * @throws RollbackError `PARACLE_ROLLBACK_NETWORK_UNENFORCED`
 */
export function findEnforced(
  container: ContainerDescription,
  managed: readonly NetworkSummary[],
  engine: Engine,
): readonly string[] {
  const joined = networkIdsOf(container);
  const ours = managed.filter(({ id, name }) => joined.has(name) || [...joined.values()].includes(id));
  const unenforced = ours.filter(({ id }) => engine.networkAttachments.enforcerOf(id) === undefined);
  if (unenforced.length === 0) return ours.map(({ id }) => id);
  const names = unenforced.map(({ name }) => name);
  throw new RollbackError(
    rollbackErrorCodes.networkUnenforced,
    `Container ${container.name} is on ${names.join(', ')}, whose policy nobody would enforce for the new container`,
    { details: { containerId: container.id, networks: names }, suggestion: 'Roll back where the network was made.' },
  );
}

function unsupported({ id, name }: ContainerDescription, reason: string, suggestion: string): RollbackError {
  return new RollbackError(rollbackErrorCodes.containerUnsupported, `Container ${name} can't be replaced: ${reason}`, {
    details: { containerId: id, reason },
    suggestion,
  });
}
