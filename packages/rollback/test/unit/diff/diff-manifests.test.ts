import { expect, it } from '@jest/globals';
import { diffManifests } from '../../../src/diff/diff-snapshot.js';
import type { Digest, FileChange } from '../../../src/diff/file-change.js';
import type { ManifestEntry } from '../../../src/snapshot/manifest.js';
import { directory, fifo, file, LONG_AGO_NS, manifestOf, other, symlink, type TestEntry } from '../support/entries.js';

const A = `sha256:${'a'.repeat(64)}` as const;
const B = `sha256:${'b'.repeat(64)}` as const;
const later = { changedNs: LONG_AGO_NS + 1n };

async function find({ digest = A }: ManifestEntry): Promise<Digest> {
  return digest;
}

async function diff(before: TestEntry[], after: TestEntry[], root?: string): Promise<FileChange[]> {
  const options = root === undefined ? {} : { root };
  const [old, found] = [manifestOf(...before), manifestOf(...after)];
  const changes: FileChange[] = [];
  for await (const change of diffManifests({ manifest: old, find }, { manifest: found, find }, options))
    changes.push(change);
  return changes;
}

it.each<[string, TestEntry, TestEntry]>([
  ['contents', file('/a', { digest: A }), file('/a', { digest: B, ...later })],
  ['mode', file('/a'), file('/a', { mode: 0o600, ...later })],
  ['uid', file('/a'), file('/a', { uid: 0, ...later })],
  ['gid', file('/a'), file('/a', { gid: 0, ...later })],
  ['type', file('/a'), directory('/a', later)],
  ['target', symlink('/a'), symlink('/a', { target: 'b', ...later })],
])('tells another %s', async (_what, before, after) => {
  expect(await diff([before], [after])).toMatchObject([{ path: '/a', change: 'modified' }]);
});

it('tells neither times nor inodes', async () => {
  expect(await diff([file('/a')], [file('/a', { inode: 9n, modifiedNs: 9n, ...later })])).toEqual([]);
});

it('takes pipes, sockets and devices for the same', async () => {
  expect(await diff([fifo('/a')], [other('/a', later)])).toEqual([]);
});

it('tells what was added and deleted, below the root alone', async () => {
  const [before, after] = [
    [file('/r/old'), file('/rest')],
    [file('/r/new/x'), file('/other')],
  ];
  expect(await diff(before, after, '/r')).toMatchObject([
    { path: 'new/x', change: 'added', after: { digest: A } },
    { path: 'old', change: 'deleted', before: { sizeBytes: 4 } },
  ]);
  expect((await diff(before, after, '/')).map(({ path }) => path)).toEqual(['other', 'r/new/x', 'r/old', 'rest']);
});

it('looks at a hundred paths ahead at most, and at none once it is left', async () => {
  const after = manifestOf(
    ...Array.from({ length: 1000 }, (_value, index) => file(`/${String(index).padStart(3, '0')}`)),
  );
  const looked: string[] = [];
  const counting = async (entry: ManifestEntry): Promise<Digest> => {
    looked.push(entry.path);
    return A;
  };
  const counts: number[] = [];
  const [before, now] = [
    { manifest: manifestOf(), find },
    { manifest: after, find: counting },
  ];
  for await (const _change of diffManifests(before, now, {})) if (counts.push(looked.length) === 150) break;

  expect(counts.map((count, index) => count - index)).toEqual(
    counts.map((_count, index) => (index < 100 ? 100 : 200) - index),
  );
  expect(looked).toHaveLength(200);
});
