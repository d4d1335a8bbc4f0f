import { expect, it } from '@jest/globals';
import { createRandom, thrownBy } from '@paracle/test-support';
import { ANSWER, refuseData, requireType, toDigest } from '../../../src/supervisor/file-answers.js';
import {
  decodeRecord,
  type FileEntry,
  hasAttributesRecord,
  isChangedRecord,
  isSameRecord,
  readFileEntry,
  requireBelow,
  splitEntries,
} from '../../../src/supervisor/file-entry.js';
import { PayloadReader, PayloadWriter } from '../../../src/supervisor/wire.js';

interface Wire {
  readonly mode?: number;
  readonly sizeBytes?: bigint;
  readonly modified?: readonly [seconds: bigint, nanoseconds: number];
  readonly path?: string;
  readonly target?: string;
}

function text(value: string): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16LE(value.length);
  return Buffer.concat([length, Buffer.from(value, 'latin1')]);
}

function encode({ mode = 0o100644, sizeBytes = 5n, modified = [1n, 2], path = '/a', target = '' }: Wire = {}): Buffer {
  const writer = new PayloadWriter().u32(mode).u32(1).u32(2).u32(3).u64(4n).u64(5n).u64(6n).u64(sizeBytes).u64(8n);
  writer.u64(modified[0]).u32(modified[1]).u64(9n).u32(10);
  return writer.bytes(text(path)).bytes(text(target)).finish();
}

const range = (start: number, end: number): number[] => Array.from({ length: end - start }, (_v, i) => start + i);

const read = (wire: Wire): FileEntry => readFileEntry(new PayloadReader(encode(wire)));

it('reads every field', () => {
  expect(read({ modified: [-1n, 999_999_999] })).toEqual({
    type: 'file',
    mode: 0o644,
    uid: 1,
    gid: 2,
    linkCount: 3,
    inode: 4n,
    device: 5n,
    deviceNode: 6n,
    sizeBytes: 5,
    allocatedBytes: 8 * 512,
    modifiedNs: -1n,
    changedNs: 9_000_000_010n,
    isChanged: false,
    hasAttributes: false,
    hasCapabilities: false,
    path: Buffer.from('/a'),
  });
});

it('tells types apart, and has a target for links alone', () => {
  const types = [0o100000, 0o040000, 0o120000, 0o140000, 0o010000, 0o020000, 0o060000, 0, 0o170000];
  expect(types.map((mode) => read({ mode, target: 'x' }).type)).toEqual([
    'file',
    'directory',
    'symlink',
    'other',
    'fifo',
    ...Array.from({ length: 4 }, () => 'other'),
  ]);
  expect(types.map((mode) => read({ mode, target: 'x' }).target?.toString())).toEqual([
    undefined,
    undefined,
    'x',
    ...Array.from({ length: 6 }, () => undefined),
  ]);
});

it('tells what the flags above the mode say', () => {
  expect(read({ mode: 0o100644 + 0x1_0000 })).toMatchObject({ mode: 0o644, isChanged: true, hasAttributes: false });
  expect(read({ mode: 0o100644 + 0x3_0000 })).toMatchObject({ type: 'file', isChanged: true, hasAttributes: true });
  expect(read({ mode: 0o100755 + 0x8_0000 })).toMatchObject({ mode: 0o755, isChanged: false, hasCapabilities: true });
  expect(
    [0, 0x1_0000, 0x2_0000, 0x8_0000].map((flag) => hasAttributesRecord(encode({ mode: 0o100644 + flag }))),
  ).toEqual([false, false, true, true]);
  expect(isChangedRecord(encode({ mode: 0o100644 }))).toBe(false);
  expect(isChangedRecord(encode({ mode: 0o100644 + 0x1_0000 }))).toBe(true);
});

it('takes two records for the same where nothing that a program changes differs', () => {
  const whole = encode({ target: 'x' });
  const ignored = new Set([...range(24, 32), ...range(48, 56)]);
  for (let at = 0; at < whole.length; at++) {
    const other = Buffer.from(whole);
    other.writeUInt8(other.readUInt8(at) ^ 1, at);
    expect([at, isSameRecord(whole, other)]).toEqual([at, ignored.has(at)]);
    expect([at, isSameRecord(other, whole)]).toEqual([at, ignored.has(at)]);
  }
  expect(isSameRecord(whole, encode({ target: 'xy' }))).toBe(false);
  const unsure = encode({ mode: 0o100644 + 0x5_0000 });
  expect(isSameRecord(unsure, unsure)).toBe(false);
});

it('cuts entries apart that can be decoded', () => {
  const found: FileEntry[] = [];
  const payload = Buffer.concat([encode({ path: '/r/a' }), encode({ path: '/r/b', mode: 0o120777, target: 't' })]);
  splitEntries(payload, Buffer.from('/r'), (path, record) => {
    expect(decodeRecord(record).path.toString()).toBe(path);
    found.push(decodeRecord(record));
  });
  expect(found.map(({ type }) => type)).toEqual(['file', 'symlink']);
});

it.each([
  ['a size that no double holds', { sizeBytes: -1n }],
  ['a path that is too long', { path: `/${'x'.repeat(4095)}` }],
  ['a path with NUL', { path: '/a\0b' }],
  ['a target that is too long', { target: 'x'.repeat(4096) }],
  ['a target with NUL', { target: '\0' }],
])('refuses %s', (_what, wire) => {
  expect(() => read(wire)).toThrow(RangeError);
  expect(() => splitEntries(encode(wire), Buffer.from('/'), () => undefined)).toThrow(RangeError);
});

it('refuses an entry that is cut short, wherever', () => {
  const whole = encode({ target: 'x' });
  for (let length = 0; length < whole.length; length++)
    expect(() => readFileEntry(new PayloadReader(whole.subarray(0, length)))).toThrow(RangeError);
});

it.each([
  ['/', '/'],
  ['/', '/a'],
  ['/', '/a/b.c/..d/...'],
  ['/a', '/a'],
  ['/a', '/a/b'],
  ['/a/', '/a//b'],
  ['/a/../b', '/a/../b/c'],
])('takes what lies below %s: %s', (root, path) => {
  expect(() => requireBelow(Buffer.from(root), Buffer.from(path))).not.toThrow();
});

it.each([
  ['/', ''],
  ['/', 'a'],
  ['/', '//'],
  ['/', '/..'],
  ['/', '/a/'],
  ['/a', '/'],
  ['/a', '/ab'],
  ['/a', '/b/c'],
  ['/a', '/a/'],
  ['/a', '/a/.'],
  ['/a', '/a/../b'],
  ['/a', '/a/b/..'],
  ['/a', '/a//b'],
])('refuses what does not lie below %s: %s', (root, path) => {
  expect(() => requireBelow(Buffer.from(root), Buffer.from(path))).toThrow(RangeError);
});

it('throws nothing but a RangeError and keeps no more than it was given, whatever that is', () => {
  const random = createRandom(7);
  const whole = Buffer.concat([encode({ path: '/r/a' }), encode({ path: '/r/b', mode: 0o120777, target: 't' })]);
  for (let run = 0; run < 5000; run++) {
    const noise = Buffer.from(whole);
    const changes = Math.floor(random() * 8);
    for (let change = 0; change < changes; change++)
      noise[Math.floor(random() * noise.length)] = Math.floor(random() * 256);
    const entries: FileEntry[] = [];
    const records: Buffer[] = [];
    const thrown = thrownBy(() => splitEntries(noise, Buffer.from('/r'), (_path, record) => records.push(record)));
    expect(['none', 'RangeError']).toContain(thrown);
    entries.push(...records.map(decodeRecord));
    const kept = entries.reduce((sum, { path, target }) => sum + path.length + (target?.length ?? 0), 0);
    expect(kept).toBeLessThanOrEqual(noise.length);
    for (const { path } of entries) expect(path.toString('latin1')).toMatch(/^\/r(?:$|\/)/u);
  }
});

it('takes no data of another type than was to come, and none where none was', () => {
  expect(() => requireType(ANSWER.entries, ANSWER.chunk)).toThrow(RangeError);
  expect(() => refuseData(ANSWER.chunk)).toThrow(RangeError);
});

it('takes a digest of 32 bytes and none that is shorter', () => {
  expect(toDigest(new PayloadReader(Buffer.alloc(32, 0xab)))).toBe(`sha256:${'ab'.repeat(32)}`);
  expect(() => toDigest(new PayloadReader(Buffer.alloc(31)))).toThrow(RangeError);
});
