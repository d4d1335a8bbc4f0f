import { expect, it } from '@jest/globals';
import { decodeManifest, encodeManifest, toManifest, toManifestEntry } from '../../../src/snapshot/manifest.js';
import { display, toPath } from '../../../src/snapshot/take-snapshot.js';
import { directory, file, other, symlink } from '../support/entries.js';

it('reads back what it wrote: every type, large numbers, names that are no UTF-8', () => {
  const everyByte = Buffer.from(Array.from({ length: 255 }, (_value, index) => index + 1)).toString('latin1');
  const manifest = toManifest([
    directory('/', { inode: 2n ** 63n, uid: 0, gid: 0 }),
    file(`/${everyByte}`, { mode: 0o4755, modifiedNs: -1n, changedNs: 1_700_000_000_123_456_789n }),
    symlink('/link', { target: `../${everyByte}` }),
    other('/socket'),
    file('/untouched'),
    file('/saved', { digest: `sha256:${'a'.repeat(64)}` }),
  ]);

  const decoded = decodeManifest(encodeManifest(manifest));

  expect([...decoded]).toEqual([...manifest]);
  expect(decoded.get(`/${everyByte}`)?.changedNs).toBe(1_700_000_000_123_456_789n);
});

it('takes names over byte by byte', () => {
  const path = Buffer.from([0x2f, 0xff, 0xc3, 0xbc]);
  const entry = toManifestEntry({
    path,
    type: 'symlink',
    mode: 0o777,
    uid: 1,
    gid: 2,
    linkCount: 1,
    inode: 3n,
    device: 4n,
    deviceNode: 0n,
    sizeBytes: 7,
    allocatedBytes: 0,
    modifiedNs: 5n,
    changedNs: 6n,
    target: Buffer.from([0xfe]),
  });

  expect(entry).toEqual({
    path: '/\u00ff\u00c3\u00bc',
    type: 'symlink',
    mode: 0o777,
    uid: 1,
    gid: 2,
    sizeBytes: 0,
    inode: 3n,
    modifiedNs: 5n,
    changedNs: 6n,
    target: '\u00fe',
  });
  expect(toPath(entry.path)).toEqual(path);
  expect(display(entry.path)).toBe('/\ufffdü');
});

it('sorts a directory before what is in it, whatever the order of the walk', () => {
  const manifest = toManifest([file('/a/b'), file('/a-b'), directory('/a'), directory('/')]);

  expect([...manifest.keys()]).toEqual(['/', '/a', '/a-b', '/a/b']);
});

it.each([
  ['no JSON', '['],
  ['no object', '[]'],
  ['a missing field', '{"path":"/a"}'],
  ['a digest that is none', JSON.stringify({ ...stored(), digest: 'sha256:../../etc/passwd' })],
  ['a number that is none', JSON.stringify({ ...stored(), inode: '1e3' })],
  ['a mode of more than its bits', JSON.stringify({ ...stored(), mode: 0o10000 })],
  ['an unknown field', JSON.stringify({ ...stored(), more: 1 })],
  ['a key of every prototype', `{"__proto__":{},${JSON.stringify(stored()).slice(1)}`],
  ['a line that is too long', JSON.stringify({ ...stored(), target: 'x'.repeat(70_000) })],
  ...['', 'a', '//', '/a/', '/.', '/..', '/a/../b', '/a//b', '/a/.', '/a\0'].map((path): [string, string] => [
    `the path ${JSON.stringify(path)}`,
    JSON.stringify({ ...stored(), path }),
  ]),
])('refuses a damaged manifest: %s', (_what, line) => {
  const good = JSON.stringify(stored());
  expect(decodeManifest(Buffer.from(`${good}\n`)).size).toBe(1);
  expect(() => decodeManifest(Buffer.from(`${good}\n${line}\n`))).toThrow();
});

it('refuses a manifest whose last line has no end', () => {
  expect(() => decodeManifest(Buffer.from(JSON.stringify(stored())))).toThrow();
});

it.each(['/', '/a', '/a.b/..c/d..', '/...', '/with space\n/and newline'])('takes the path %j', (path) => {
  expect(decodeManifest(Buffer.from(`${JSON.stringify({ ...stored(), path })}\n`)).has(path)).toBe(true);
});

function stored(): Record<string, unknown> {
  return {
    path: '/a',
    type: 'file',
    mode: 0o644,
    uid: 1,
    gid: 1,
    sizeBytes: 1,
    inode: '1',
    modifiedNs: '1',
    changedNs: '1',
  };
}
