import { createHash } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { bindArtifact } from '@paracle/review';
import type { Digest, FileChange, FileState } from '@paracle/rollback';
import { toArtifact } from '../../../src/index.js';

const digestOf = (text: string): Digest => `sha256:${createHash('sha256').update(text).digest('hex')}`;

const file = (text: string, overrides: Partial<FileState> = {}): FileState => ({
  type: 'file',
  mode: 0o644,
  uid: 1000,
  gid: 1000,
  sizeBytes: text.length,
  digest: digestOf(text),
  ...overrides,
});
const directory: FileState = { type: 'directory', mode: 0o755, uid: 1000, gid: 1000, sizeBytes: 0 };
const link = (target: string): FileState => ({ ...directory, type: 'symlink', mode: 0o777, target });

it('says all of a changed file that will be applied, and nothing else', () => {
  const change: FileChange = {
    path: 'a/b',
    change: 'modified',
    before: file('old'),
    after: file('new', { mode: 0o755 }),
  };

  expect(toArtifact(change)).toEqual({
    path: 'a/b',
    change: 'modified',
    kind: 'file',
    mode: 0o755,
    before: digestOf('old'),
    after: digestOf('new'),
  });
});

it('has no state before for what was added, and no mode and no state after for what was deleted', () => {
  expect(toArtifact({ path: 'n', change: 'added', after: file('new') })).toEqual({
    path: 'n',
    change: 'added',
    kind: 'file',
    mode: 0o644,
    after: digestOf('new'),
  });
  expect(toArtifact({ path: 'o', change: 'deleted', before: file('old') })).toEqual({
    path: 'o',
    change: 'deleted',
    kind: 'file',
    before: digestOf('old'),
  });
});

it('stands for a link by its target and the digest of that text', () => {
  expect(toArtifact({ path: 'l', change: 'modified', before: link('old'), after: link('new') })).toEqual({
    path: 'l',
    change: 'modified',
    kind: 'symlink',
    mode: 0o777,
    before: digestOf('old'),
    after: digestOf('new'),
    target: 'new',
  });
  expect(toArtifact({ path: 'l', change: 'deleted', before: link('old') })).toMatchObject({
    kind: 'symlink',
    before: digestOf('old'),
  });
});

it('takes the kind from what comes after, where the type changes', () => {
  expect(toArtifact({ path: 'x', change: 'modified', before: file('old'), after: link('to') })).toMatchObject({
    kind: 'symlink',
    before: digestOf('old'),
    after: digestOf('to'),
    target: 'to',
  });
  expect(toArtifact({ path: 'd', change: 'modified', before: link('to'), after: directory })).toEqual({
    path: 'd',
    change: 'modified',
    kind: 'directory',
    mode: 0o755,
    before: digestOf('to'),
  });
});

it.each<[string, (change: FileChange & { after: FileState }) => FileChange]>([
  ['path', (change) => ({ ...change, path: 'other' })],
  ['mode', (change) => ({ ...change, after: { ...change.after, mode: 0o755 } })],
  ['contents', (change) => ({ ...change, after: file('other') })],
  ['contents before', (change) => ({ ...change, before: file('other') })],
  ['type', (change) => ({ ...change, after: link('new') })],
  ['kind of change', (change) => ({ ...change, change: 'added' })],
])('binds a decision to the %s', (_what, alter) => {
  const change = { path: 'f', change: 'modified', before: file('old'), after: file('new') } as const;
  const bind = (subject: FileChange): string => bindArtifact('file_change', toArtifact(subject)).digest;

  expect(bind(change)).toBe(bind({ ...change }));
  expect(bind(alter(change))).not.toBe(bind(change));
});
