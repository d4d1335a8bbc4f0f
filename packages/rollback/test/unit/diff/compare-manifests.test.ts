import { expect, it } from '@jest/globals';
import { findCandidates } from '../../../src/diff/compare-manifests.js';
import { directory, entriesOf, file, LONG_AGO_NS, manifestOf, symlink, type TestEntry } from '../support/entries.js';

function candidatesOf(before: readonly TestEntry[], after: readonly TestEntry[]): string[] {
  return findCandidates(manifestOf(...before), manifestOf(...after)).map(({ path }) => path);
}

it('leaves out what certainly did not change', () => {
  const entries = [directory('/'), file('/a'), symlink('/l')];

  expect(candidatesOf(entries, entries)).toEqual([]);
});

it('finds what is new, gone and changed, sorted by path', () => {
  const before = [file('/gone'), file('/same'), file('/changed')];
  const after = [file('/same'), file('/changed', { changedNs: LONG_AGO_NS + 1n }), file('/added')];

  expect(candidatesOf(before, after)).toEqual(['/added', '/changed', '/gone']);
  const pairs = findCandidates(manifestOf(...before), manifestOf(...after));
  expect(pairs.find(({ path }) => path === '/added')).toEqual({
    path: '/added',
    after: entriesOf(manifestOf(file('/added')))[0],
  });
  expect(pairs.find(({ path }) => path === '/gone')).toEqual({
    path: '/gone',
    before: entriesOf(manifestOf(file('/gone')))[0],
  });
});

it.each<[string, Partial<TestEntry>]>([
  ['another inode: the file was replaced', { inode: 2n }],
  ['another time of change, though the time of modification was set back', { changedNs: LONG_AGO_NS + 1n }],
  ['another type', { type: 'directory' }],
  ['another size', { sizeBytes: 5 }],
])('notices %s', (_what, difference) => {
  expect(candidatesOf([file('/a')], [file('/a', difference)])).toEqual(['/a']);
});

it('takes another number of the device for the same, as after a start of the container', () => {
  expect(candidatesOf([file('/a')], [file('/a', { device: 9n })])).toEqual([]);
});
