import { expect, it } from '@jest/globals';
import { planRollback, type RollbackPlan } from '../../../src/restore/plan-rollback.js';
import type { ManifestEntry } from '../../../src/snapshot/manifest.js';
import { directory, file, LATEST_NS, manifestOf, other, symlink } from '../support/entries.js';

const root = directory('/', { inode: 2n });
const touched = { changedNs: LATEST_NS + 1n };

/** The plan as paths, without the clock, which is racy and therefore always in it. */
function plan(
  snapshot: readonly ManifestEntry[],
  now: readonly ManifestEntry[],
): Record<keyof RollbackPlan, readonly string[]> {
  const full = planRollback(manifestOf(root, ...snapshot), manifestOf(root, ...now));
  const paths = (entries: readonly ManifestEntry[]): string[] =>
    entries.map(({ path }) => path).filter((path) => path !== '/clock');
  return {
    remove: full.remove,
    directories: paths(full.directories),
    files: paths(full.files),
    symlinks: paths(full.symlinks),
    touched: paths(full.touched),
    impossible: full.impossible,
  };
}

const nothing = { remove: [], directories: [], files: [], symlinks: [], touched: ['/'], impossible: [] };

it('does nothing where nothing changed', () => {
  const entries = [directory('/d'), file('/d/f'), symlink('/l'), other('/pipe')];

  expect(plan(entries, entries)).toEqual(nothing);
});

it('removes only the topmost of what is new', () => {
  const now = [directory('/n'), directory('/n/m'), file('/n/m/f'), file('/n-o'), file('/n0')];

  expect(plan([], now)).toEqual({ ...nothing, remove: ['/n', '/n-o', '/n0'] });
});

it('makes again what is gone, parents first, and sets the times of directories last, children first', () => {
  const gone = [directory('/d'), directory('/d/e'), file('/d/e/f'), symlink('/d/l')];

  expect(plan(gone, [])).toEqual({
    ...nothing,
    directories: ['/d', '/d/e'],
    files: ['/d/e/f'],
    symlinks: ['/d/l'],
    touched: ['/d/e', '/d', '/'],
  });
});

it('puts back what changed without removing it', () => {
  const snapshot = [directory('/d'), file('/d/f'), symlink('/l')];
  const now = [directory('/d', { mode: 0o777, ...touched }), file('/d/f', touched), symlink('/l', touched)];

  expect(plan(snapshot, now)).toEqual({
    ...nothing,
    directories: ['/d'],
    files: ['/d/f'],
    symlinks: ['/l'],
    touched: ['/d', '/'],
  });
});

it('restores the state of the snapshot, not that of now', () => {
  const saved = file('/f', { mode: 0o640, digest: `sha256:${'a'.repeat(64)}` });
  const full = planRollback(manifestOf(root, saved), manifestOf(root, file('/f', { mode: 0o777, ...touched })));

  expect(full.files).toEqual([saved]);
});

it('removes what stands where something of another type was', () => {
  const snapshot = [directory('/d'), file('/d/f'), file('/f'), symlink('/l')];
  const now = [file('/d'), directory('/f'), file('/f/new'), other('/l')];

  expect(plan(snapshot, now)).toEqual({
    ...nothing,
    remove: ['/d', '/f', '/l'],
    directories: ['/d'],
    files: ['/d/f', '/f'],
    symlinks: ['/l'],
    touched: ['/d', '/'],
  });
});

it('restores the time of a directory that something new disturbed', () => {
  const snapshot = [directory('/d'), directory('/e')];

  expect(plan(snapshot, [...snapshot, file('/d/new')])).toEqual({
    ...nothing,
    remove: ['/d/new'],
    touched: ['/d', '/'],
  });
});

it('names sockets, pipes and devices that are gone, and leaves those that are there alone', () => {
  expect(plan([other('/gone'), other('/there')], [other('/there', touched)])).toEqual({
    ...nothing,
    impossible: ['/gone'],
  });
  expect(plan([other('/was')], [file('/was')])).toEqual({ ...nothing, remove: ['/was'], impossible: ['/was'] });
});

it('keeps up with as many new paths as a program can make', () => {
  const names = Array.from({ length: 100_000 }, (_value, index) => `/new-${index}`);

  expect(
    plan(
      [],
      names.map((path) => file(path)),
    ).remove,
  ).toHaveLength(names.length);
});
