import { expect, it } from '@jest/globals';
import { applyPatch } from 'diff';
import { type FileState, formatPatch } from '../../../src/index.js';

const state = (overrides: Partial<FileState> = {}): FileState => ({
  type: 'file',
  mode: 0o644,
  uid: 1000,
  gid: 1000,
  sizeBytes: 4,
  ...overrides,
});
const text = (...lines: readonly string[]): Buffer => Buffer.from(lines.map((line) => `${line}\n`).join(''));

it('shows a changed file as a unified diff with three lines around', () => {
  const before = text('1', '2', '3', '4', '5', '6', '7', '8', '9');
  const after = text('1', '2', '3', '4', 'five', '6', '7', '8', '9');

  const patch = formatPatch(
    { path: 'a/b.txt', change: 'modified', before: state(), after: state() },
    { before, after },
  );

  expect(patch.split('\n').map((line) => line.trimEnd())).toEqual([
    '--- a/a/b.txt',
    '+++ b/a/b.txt',
    '@@ -2,7 +2,7 @@',
    ' 2',
    ' 3',
    ' 4',
    '-5',
    '+five',
    ' 6',
    ' 7',
    ' 8',
    '',
  ]);
});

it('shows a file that was added or deleted against /dev/null', () => {
  const added = formatPatch({ path: 'new', change: 'added', after: state() }, { after: text('x') });
  const deleted = formatPatch({ path: 'old', change: 'deleted', before: state() }, { before: text('x') });

  expect(added).toMatch(/^--- \/dev\/null\s*\n\+\+\+ b\/new\s*\n.*\n\+x\n$/u);
  expect(deleted).toMatch(/^--- a\/old\s*\n\+\+\+ \/dev\/null\s*\n.*\n-x\n$/u);
});

it('says so when the last line has no end', () => {
  const contents = { before: Buffer.from('x'), after: text('x') };

  expect(formatPatch({ path: 'f', change: 'modified', before: state(), after: state() }, contents)).toContain(
    '\\ No newline at end of file',
  );
});

it('tells texts without anything in common as all of the one and all of the other, in no time', () => {
  const lines = (word: string, count: number): string[] => Array.from({ length: count }, (_v, n) => `${word} ${n}`);
  const [before, after] = [lines('old', 20_000), lines('new', 30_000)];
  const change = { path: 'f', change: 'modified', before: state(), after: state() } as const;

  const patch = formatPatch(change, { before: text(...before), after: Buffer.from(after.join('\n')) });

  expect(patch.split('\n').map((line) => line.trimEnd())).toEqual([
    '--- a/f',
    '+++ b/f',
    '@@ -1,20000 +1,30000 @@',
    ...before.map((line) => `-${line}`),
    ...after.map((line) => `+${line}`),
    '\\ No newline at end of file',
    '',
  ]);
  expect(applyPatch(text(...before).toString(), patch)).toBe(after.join('\n'));
});

it('shows a vast file that is new, and few changes in one', () => {
  const lines = Array.from({ length: 50_000 }, (_v, n) => `${n}`);
  const added = formatPatch({ path: 'f', change: 'added', after: state() }, { after: text(...lines) });
  const changed = formatPatch(
    { path: 'f', change: 'modified', before: state(), after: state() },
    { before: text(...lines), after: text(...lines.with(25_000, 'x')) },
  );

  expect(added.split('\n').filter((line) => line.startsWith('+') && !line.startsWith('+++'))).toHaveLength(50_000);
  expect(changed.split('\n').filter((line) => /^[-+](?![-+])/u.test(line))).toEqual(['-25000', '+x']);
});

it('tells binary contents by digest and size', () => {
  const digest = `sha256:${'b'.repeat(64)}` as const;
  const change = { path: 'f', change: 'added', after: state({ sizeBytes: 3, digest }) } as const;

  expect(formatPatch(change, { after: Buffer.from([1, 0, 2]) })).toBe(
    `Binary: none (0 bytes) -> ${digest} (3 bytes)\n`,
  );
});

it('looks for NUL in the first 8,000 bytes only', () => {
  const padded = (length: number): Buffer => Buffer.concat([Buffer.alloc(length, 'x'), Buffer.from([0])]);
  const change = { path: 'f', change: 'added', after: state() } as const;

  expect(formatPatch(change, { after: padded(7999) })).toMatch(/^Binary/u);
  expect(formatPatch(change, { after: padded(8000) })).not.toMatch(/^Binary/u);
});

it('names another mode and another target', () => {
  const mode = { path: 'f', change: 'modified', before: state(), after: state({ mode: 0o4755 }) } as const;
  const link = state({ type: 'symlink', mode: 0o777, sizeBytes: 0, target: 'old' });
  const target = { path: 'l', change: 'modified', before: link, after: { ...link, target: 'new' } } as const;
  const madeLink = { path: 'l', change: 'added', after: link } as const;

  expect(formatPatch(mode, {})).toMatch(/^mode of f: 644 -> 4755\n/u);
  expect(formatPatch(target, {})).toMatch(/^link l: old -> new\n/u);
  expect(formatPatch(madeLink, {})).toMatch(/^link l: none -> old\n/u);
});

it('shows text that is no UTF-8 without failing', () => {
  const contents = { after: Buffer.from([0xff, 0x0a]) };

  expect(formatPatch({ path: 'f', change: 'added', after: state() }, contents)).toContain('+\ufffd\n');
});

it('forges no line and steers no terminal by a name or a link', () => {
  const state = { type: 'symlink', mode: 0o777, uid: 1, gid: 1, sizeBytes: 0 } as const;
  const patch = formatPatch(
    {
      path: 'a\n+forged\u001b[2J',
      change: 'modified',
      before: { ...state, target: 'b' },
      after: { ...state, target: '\n-c' },
    },
    {},
  );
  expect(patch).toContain('link a\\n+forged\\u{1b}[2J: b -> \\n-c\n');
  expect(patch).not.toMatch(/^[+]forged|^-c|\p{Cc}(?<!\n)/mu);
});
