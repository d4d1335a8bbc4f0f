import { expect, it } from '@jest/globals';
import { createRandom, thrownBy } from '@paracle/test-support';
import { display, entryAt, type Manifest, toFileKey, toPath } from '../../../src/snapshot/manifest.js';
import {
  add,
  decodeManifest,
  encodeManifest,
  type ManifestDelta,
  subtract,
} from '../../../src/snapshot/manifest-codec.js';
import {
  directory,
  entriesOf,
  fifo,
  file,
  manifestOf,
  other,
  recordOf,
  symlink,
  type TestEntry,
} from '../support/entries.js';

const A = `sha256:${'a'.repeat(64)}` as const;
const B = `sha256:${'b'.repeat(64)}` as const;
const everyByte = Buffer.from(Array.from({ length: 255 }, (_value, index) => index + 1))
  .toString('latin1')
  .replace('/', '');

const whole = (...entries: readonly TestEntry[]): ManifestDelta => ({ ...manifestOf(...entries), removed: [] });

it('reads back what it wrote: every type, large numbers, names that are no UTF-8', () => {
  const manifest = whole(
    directory('/', { inode: 2n ** 63n, uid: 0, gid: 0 }),
    file(`/${everyByte}`, { mode: 0o4755, modifiedNs: -1n, changedNs: 1_700_000_000_123_456_789n }),
    symlink('/link', { target: `../${everyByte}` }),
    fifo('/pipe'),
    other('/socket'),
    file('/saved', { digest: A, attributes: Buffer.from('user.a\0\x01\0\0\0b'), isChanged: true }),
  );

  const { base, delta } = decodeManifest(encodeManifest(manifest));

  expect(base).toBeUndefined();
  expect(delta).toEqual(manifest);
  expect(entryAt(delta, `/${everyByte}`)).toMatchObject({
    mode: 0o4755,
    modifiedNs: -1n,
    changedNs: 1_700_000_000_123_456_789n,
  });
  expect(entryAt(delta, '/')).toMatchObject({ type: 'directory', inode: 2n ** 63n });
  expect(entryAt(delta, '/link')).toMatchObject({ type: 'symlink', target: `../${everyByte}`, sizeBytes: 0 });
  expect(entryAt(delta, '/saved')).toMatchObject({ digest: A, isChanged: true, hasAttributes: true });
});

it('takes names over byte by byte', () => {
  const bytes = Buffer.from([0x2f, 0xff, 0xc3, 0xbc]);
  const path = bytes.toString('latin1');

  expect(toPath(path)).toEqual(bytes);
  expect(display(path)).toBe('/\ufffdü');
});

it('has one key for all names of a file', () => {
  const [first, second, third] = entriesOf(
    manifestOf(file('/a', { inode: 5n }), file('/b', { inode: 5n }), file('/c', { inode: 5n, device: 2n })),
  ).map(toFileKey);

  expect(first).toBe(second);
  expect(first).not.toBe(third);
});

it('writes what differs from a base alone, and finds all again', () => {
  const base = manifestOf(directory('/'), file('/same', { digest: A }), file('/gone', { digest: A }), file('/changed'));
  const manifest = manifestOf(
    directory('/'),
    file('/same', { digest: A }),
    file('/changed', { digest: B, sizeBytes: 9 }),
    file('/new', { digest: B }),
  );
  const difference = subtract(manifest, base);
  expect([...difference.records.keys()]).toEqual(['/changed', '/new']);
  expect(difference.removed).toEqual(['/gone']);

  const { base: digest, delta } = decodeManifest(encodeManifest(difference, A));

  expect(digest).toBe(A);
  const again = add(base, delta);
  expect(new Set(entriesOf(again))).toEqual(new Set(entriesOf(manifest)));
});

it('notices where only what the store holds differs', () => {
  const kept = (change: Partial<TestEntry>): Manifest => manifestOf(file('/a', change));
  const attributes = Buffer.from('x');
  const states = [
    kept({}),
    kept({ digest: A }),
    kept({ digest: B }),
    kept({ attributes }),
    kept({ digest: A, attributes }),
  ];
  states.forEach((before, from) => {
    states.forEach((after, to) => {
      expect(subtract(after, before).records.size).toBe(from === to ? 0 : 1);
      expect(entriesOf(add(before, subtract(after, before)))).toEqual(entriesOf(after));
    });
  });
});

it('undoes any difference between random manifests', () => {
  const random = createRandom(3);
  const choose = (): Manifest =>
    manifestOf(
      ...Array.from({ length: 20 }, (_value, index) => index)
        .filter(() => random() < 0.7)
        .map((index) =>
          file(`/${index}`, {
            sizeBytes: Math.floor(random() * 2),
            ...(random() < 0.5 && { digest: random() < 0.5 ? A : B }),
          }),
        ),
    );
  for (let round = 0; round < 200; round++) {
    const [base, manifest] = [choose(), choose()];
    const { delta } = decodeManifest(encodeManifest(subtract(manifest, base), A));
    expect(new Set(entriesOf(add(base, delta)))).toEqual(new Set(entriesOf(manifest)));
  }
});

it.each(['', 'a', '//', '/a/', '/.', '/..', '/a/../b', '/a//b', '/a/.', '/a\0'])(
  'refuses a manifest with the path %j',
  (path) => {
    expect(() => decodeManifest(encodeManifest(whole(file(path))))).toThrow(RangeError);
  },
);

it('refuses a manifest that is cut short, goes on, or is none', () => {
  const bytes = encodeManifest({ ...whole(file('/a', { digest: A })), removed: ['/b'] }, B);
  for (let length = 0; length < bytes.length; length++) {
    expect(() => decodeManifest(bytes.subarray(0, length))).toThrow(RangeError);
  }
  expect(() => decodeManifest(Buffer.concat([bytes, Buffer.of(0)]))).toThrow(RangeError);
  expect(() => decodeManifest(Buffer.concat([Buffer.from('PRM0'), bytes.subarray(4)]))).toThrow(RangeError);
});

it('throws nothing but a RangeError, whatever is written in the store', () => {
  const random = createRandom(11);
  const bytes = encodeManifest({ ...whole(file('/a', { digest: A }), symlink('/l')), removed: ['/b'] }, B);
  for (let run = 0; run < 5000; run++) {
    const noise = Buffer.from(bytes);
    for (let change = 0; change < 3; change++) noise[Math.floor(random() * noise.length)] = Math.floor(random() * 256);
    const thrown = thrownBy(() => entriesOf(decodeManifest(noise).delta));
    expect(['none', 'RangeError']).toContain(thrown);
  }
});

it('costs no more than its bytes, whatever it claims to have', () => {
  const claim = encodeManifest(whole());
  claim.writeUInt32LE(0xffff_ffff, 4 + 32);
  expect(() => decodeManifest(claim)).toThrow(RangeError);
});

it('keeps records as they came', () => {
  const record = recordOf(file('/a'));
  expect(decodeManifest(encodeManifest(whole(file('/a')))).delta.records.get('/a')).toEqual(record);
});
