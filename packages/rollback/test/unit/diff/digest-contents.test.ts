import { createHash } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { digestContents } from '../../../src/diff/digest-contents.js';

it('is the plain SHA-256 of anything that is not huge', () => {
  expect(digestContents(Buffer.from('abc'))).toBe(`sha256:${createHash('sha256').update('abc').digest('hex')}`);
});

it('leaves zeros out of what is huge, but neither their number nor their place', () => {
  const vast = Buffer.alloc(1024 ** 3 + 100_000);
  const empty = digestContents(vast);
  vast.writeUInt8(1, 70_000);
  const early = digestContents(vast);
  vast.writeUInt8(0, 70_000);
  vast.writeUInt8(1, 70_000 + 64 * 1024);
  const digests = [
    empty,
    early,
    digestContents(vast),
    digestContents(vast.subarray(1)),
    digestContents(Buffer.alloc(1024 ** 3 + 1)),
  ];
  expect(new Set(digests).size).toBe(5);
});
