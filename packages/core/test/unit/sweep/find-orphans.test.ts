import { expect, it } from '@jest/globals';
import { findOrphans } from '../../../src/sweep/find-orphans.js';

const labels = { 'dev.paracle.managed': 'true', 'dev.paracle.owner': 'dead', 'dev.paracle.sandbox-id': 'sbx_1' };
const container = { names: [], image: 'i', imageId: 'i', state: 'exited', networkMode: 'none', volumeNames: [] };
const volume = { driver: 'local', mountpoint: '/v' };
const isOwnerDead = (label: string): boolean => label === 'dead';

function findVolumes(
  volumeLabels: Record<string, string>,
  others: { labels?: Record<string, string>; volumeNames?: string[] }[] = [],
) {
  const containers = others.map((other, index) => ({ ...container, labels: {}, ...other, id: `c${index}` }));
  const managed = { containers: [], networks: [], volumes: [{ ...volume, name: 'v', labels: volumeLabels }] };
  return findOrphans(managed, containers, { isOwnerDead, isHeld: () => false }).volumes.map(({ name }) => name);
}

it.each([
  ['owned by the dead', labels, ['v']],
  ['owned by the living', { ...labels, 'dev.paracle.owner': 'living' }, []],
  ['without an owner', { 'dev.paracle.managed': 'true' }, []],
  ['of somebody else', { 'dev.paracle.owner': 'dead' }, []],
  ['retained', { ...labels, 'dev.paracle.retained': 'true' }, []],
  ['of the supervisor', { ...labels, 'dev.paracle.purpose': 'supervisor' }, []],
])('judges a volume %s', (_title, volumeLabels, expected) => {
  expect(findVolumes(volumeLabels)).toEqual(expected);
});

it('keeps a volume that a foreign container uses, or whose sandbox lives on', () => {
  expect(findVolumes(labels, [{ volumeNames: ['v'] }])).toEqual([]);
  expect(findVolumes(labels, [{ labels: { 'dev.paracle.sandbox-id': 'sbx_1' } }])).toEqual([]);
  expect(findVolumes(labels, [{ labels: { 'dev.paracle.sandbox-id': 'sbx_2' } }])).toEqual(['v']);
});
