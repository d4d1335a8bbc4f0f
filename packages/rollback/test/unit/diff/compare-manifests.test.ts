import { expect, it } from '@jest/globals';
import { findCandidates, hasOtherState } from '../../../src/diff/compare-manifests.js';
import type { ManifestEntry } from '../../../src/snapshot/manifest.js';
import { toManifest } from '../../../src/snapshot/manifest.js';
import { directory, file, LATEST_NS, LONG_AGO_NS, manifestOf, symlink } from '../support/entries.js';

const TICK_NS = 50_000_000n;

/** Candidates but for the clock, which is racy itself. */
function candidatesOf(before: readonly ManifestEntry[], after: readonly ManifestEntry[]): string[] {
  return findCandidates(manifestOf(...before), manifestOf(...after))
    .map(({ path }) => path)
    .filter((path) => path !== '/clock');
}

it('leaves out what certainly did not change', () => {
  const entries = [directory('/'), file('/a'), symlink('/l')];

  expect(candidatesOf(entries, entries)).toEqual([]);
});

it('finds what is new, gone and changed, sorted by path', () => {
  const before = [file('/gone'), file('/same'), file('/changed')];
  const after = [file('/same'), file('/changed', { changedNs: LATEST_NS + 1n }), file('/added')];

  expect(candidatesOf(before, after)).toEqual(['/added', '/changed', '/gone']);
  const pairs = findCandidates(manifestOf(...before), manifestOf(...after));
  expect(pairs.find(({ path }) => path === '/added')).toEqual({ path: '/added', after: file('/added') });
  expect(pairs.find(({ path }) => path === '/gone')).toEqual({ path: '/gone', before: file('/gone') });
});

it.each<[string, Partial<ManifestEntry>]>([
  ['another inode: the file was replaced', { inode: 2n }],
  ['another time of change, though the time of modification was set back', { changedNs: LONG_AGO_NS + 1n }],
  ['another type', { type: 'directory' }],
  ['another size', { sizeBytes: 5 }],
])('notices %s', (_what, difference) => {
  expect(candidatesOf([file('/a')], [file('/a', difference)])).toEqual(['/a']);
});

it('takes as a candidate what changed so late that a second change would look the same', () => {
  const at = (changedNs: bigint): ManifestEntry[] => [file('/a', { changedNs })];

  expect(candidatesOf(at(LATEST_NS - TICK_NS - 1n), at(LATEST_NS - TICK_NS - 1n))).toEqual([]);
  expect(candidatesOf(at(LATEST_NS - TICK_NS), at(LATEST_NS - TICK_NS))).toEqual(['/a']);
  expect(candidatesOf(at(LATEST_NS), at(LATEST_NS))).toEqual(['/a']);
});

it('takes the clock from the earlier manifest alone', () => {
  const before = toManifest([file('/a')]);
  const after = manifestOf(file('/a'));

  expect(findCandidates(before, after).map(({ path }) => path)).toEqual(['/a', '/clock']);
});

it.each<[keyof ManifestEntry, Partial<ManifestEntry>]>([
  ['type', { type: 'other' }],
  ['mode', { mode: 0o600 }],
  ['uid', { uid: 0 }],
  ['gid', { gid: 0 }],
  ['sizeBytes', { sizeBytes: 5 }],
  ['target', { target: 'b' }],
])('counts %s as state', (_field, difference) => {
  expect(hasOtherState(symlink('/l'), symlink('/l'))).toBe(false);
  expect(hasOtherState(symlink('/l'), symlink('/l', difference))).toBe(true);
});

it('counts neither times nor inodes as state', () => {
  expect(hasOtherState(file('/a'), file('/a', { inode: 9n, modifiedNs: 9n, changedNs: 9n }))).toBe(false);
});
