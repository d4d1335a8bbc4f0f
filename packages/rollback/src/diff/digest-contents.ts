import { createHash } from 'node:crypto';
import type { Digest } from './file-change.js';

const BLOCK_BYTES = 64 * 1024;
const HUGE_BYTES = 1024 ** 3;
const ZEROS = Buffer.alloc(BLOCK_BYTES);

/** The digest that the supervisor finds for a file with these contents: docs/supervisor-protocol.md, `HASH`. */
export function digestContents(contents: Buffer): Digest {
  const hash = createHash('sha256');
  if (contents.length <= HUGE_BYTES) return `sha256:${hash.update(contents).digest('hex')}`;
  hash.update(toBytes(contents.length));
  for (let at = 0; at < contents.length; at += BLOCK_BYTES) {
    const block = contents.subarray(at, at + BLOCK_BYTES);
    if (!block.equals(ZEROS.subarray(0, block.length))) hash.update(toBytes(at)).update(block);
  }
  // So that no other file's contents can have it.
  const digest = hash.digest();
  digest.writeUInt8(digest.readUInt8(0) ^ 0xff, 0);
  return `sha256:${digest.toString('hex')}`;
}

function toBytes(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
