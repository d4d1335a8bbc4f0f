import { createHash } from 'node:crypto';

/** The SHA-256 of some bytes: `sha256:` and 64 hexadecimal digits. */
export type Digest = `sha256:${string}`;

/** What a {@link Digest} looks like. */
export const digestPattern: RegExp = /^sha256:[0-9a-f]{64}$/;

/** The digest of bytes, or of a text's UTF-8 form. */
export function toDigest(bytes: Uint8Array | string): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
