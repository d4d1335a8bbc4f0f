import { describe, expect, it } from '@jest/globals';
import { planRollback, type RollbackPlan } from '../../../src/restore/plan-rollback.js';
import {
  directory,
  entriesOf,
  fifo,
  file,
  LONG_AGO_NS,
  manifestOf,
  other,
  symlink,
  type TestEntry,
} from '../support/entries.js';

const root = directory('/', { inode: 2n });
const touched = { changedNs: LONG_AGO_NS + 1n };

/** The plan as paths. */
function plan(
  snapshot: readonly TestEntry[],
  now: readonly TestEntry[],
): Record<keyof RollbackPlan, readonly string[]> {
  const full = planRollback(manifestOf(root, ...snapshot), manifestOf(root, ...now));
  const paths = (entries: readonly { readonly path: string }[]): string[] => entries.map(({ path }) => path);
  return {
    remove: full.remove,
    directories: paths(full.directories),
    files: paths(full.files),
    linked: full.linked.map(({ path, existing }) => `${path} = ${existing}`),
    symlinks: paths(full.symlinks),
    fifos: paths(full.fifos),
    attributes: paths(full.attributes),
    touched: paths(full.touched),
    impossible: full.impossible,
  };
}

const nothing = {
  remove: [],
  directories: [],
  files: [],
  linked: [],
  symlinks: [],
  fifos: [],
  attributes: [],
  touched: [],
  impossible: [],
};

it('does nothing where nothing changed', () => {
  const entries = [directory('/d'), file('/d/f'), symlink('/l'), fifo('/pipe')];

  expect(plan(entries, entries)).toEqual(nothing);
});

it('removes only the topmost of what is new', () => {
  const now = [directory('/n'), directory('/n/m'), file('/n/m/f'), file('/n-o'), file('/n0')];

  expect(plan([], now)).toEqual({ ...nothing, remove: ['/n', '/n-o', '/n0'], touched: ['/'] });
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

  expect(full.files).toEqual(entriesOf(manifestOf(saved)));
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
    touched: ['/d'],
  });
});

it('names sockets and devices that are gone, and leaves those that are there alone', () => {
  expect(plan([other('/gone'), other('/there')], [other('/there', touched)])).toEqual({
    ...nothing,
    touched: ['/'],
    impossible: ['/gone'],
  });
  expect(plan([other('/was')], [file('/was')])).toEqual({
    ...nothing,
    remove: ['/was'],
    touched: ['/'],
    impossible: ['/was'],
  });
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

it('makes pipes again', () => {
  expect(plan([fifo('/p')], [])).toEqual({ ...nothing, fifos: ['/p'], touched: ['/'] });
  expect(plan([fifo('/p')], [file('/p')])).toEqual({ ...nothing, remove: ['/p'], fifos: ['/p'], touched: ['/'] });
});

describe('hard links', () => {
  const shared = { inode: 7n, linkCount: 2, digest: `sha256:${'a'.repeat(64)}` } as const;
  const snapshot = [file('/a', shared), directory('/d'), file('/d/b', shared), file('/other', { inode: 8n })];

  it('are put back as names of one file, those too that look untouched', () => {
    const now = [
      file('/a', { ...shared, ...touched }),
      directory('/d'),
      file('/d/b', shared),
      file('/other', { inode: 8n }),
    ];

    expect(plan(snapshot, now)).toEqual({ ...nothing, files: ['/a'], linked: ['/d/b = /a'], touched: ['/d', '/'] });
  });

  it('are left alone where nothing changed', () => {
    expect(plan(snapshot, snapshot)).toEqual(nothing);
  });

  it('are told apart by device', () => {
    const elsewhere = file('/e', { ...shared, device: 2n });

    expect(plan([...snapshot, elsewhere], [directory('/d'), elsewhere, file('/other', { inode: 8n })])).toEqual({
      ...nothing,
      files: ['/a'],
      linked: ['/d/b = /a'],
      touched: ['/d', '/'],
    });
  });
});

it('looks at the extended attributes of all that it puts back as soon as something has any', () => {
  const attributes = Buffer.from('user.a\0\x01\0\0\0b');
  const snapshot = [file('/a', { attributes }), directory('/d'), symlink('/l')];

  expect(plan(snapshot, [])).toMatchObject({ attributes: ['/d', '/a'] });
  expect(plan([file('/a')], [file('/a', { attributes, ...touched })])).toMatchObject({ attributes: ['/a'] });
  expect(plan([file('/a')], [])).toMatchObject({ attributes: [] });
});

it('names what loses attributes that can’t be given back, and leaves those of a directory that is still there alone', () => {
  const laden = directory('/d', { hasAttributes: true });
  const snapshot = [file('/capable', { hasCapabilities: true }), laden, file('/laden', { hasAttributes: true })];

  expect(plan(snapshot, [])).toMatchObject({ impossible: ['/capable', '/d', '/laden'], attributes: ['/capable'] });
  expect(plan([laden], [{ ...laden, ...touched }])).toMatchObject({
    directories: ['/d'],
    impossible: [],
    attributes: [],
  });
});
