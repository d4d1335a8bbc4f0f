import { type ContainerDescription, createId } from '@paracle/core';
import { findRoots } from '../snapshot/list-file-systems.js';
import type { StoredDescription } from '../snapshot/snapshot-description.js';

/** What `docker commit` loses of the root file system, whatever is in it. */
const NOT_KEPT: readonly string[] = [
  'times below a second',
  'extended attributes user.*',
  'sockets',
  'holes in sparse files',
  'processes',
];

/** What is noted of a snapshot that is about to be committed. */
export function describeCommit(container: ContainerDescription, kind: StoredDescription['kind']): StoredDescription {
  const mounted = container.mounts.map(({ destination }) => destination);
  const notCovered = new Set([...findRoots(container), ...mounted]);
  notCovered.delete('/');
  return {
    id: createId('snap'),
    containerId: container.id,
    imageId: container.imageId,
    createdAt: new Date(),
    kind,
    addedBytes: container.writtenBytes ?? 0,
    covered: ['/'],
    notCovered: [...notCovered].sort(),
    notKept: NOT_KEPT,
  };
}
