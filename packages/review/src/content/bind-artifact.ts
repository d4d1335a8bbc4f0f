import { parseConfig } from '@paracle/core';
import { reviewErrorCodes } from '../errors/review-error-codes.js';
import { ReviewInputError } from '../errors/review-refusal-errors.js';
import type { Artifact } from './artifact.js';
import { canonicalize } from './canonicalize.js';
import { commandSchema } from './command-content.js';
import { type Digest, toDigest } from './digest.js';
import { fileChangeSchema } from './file-change-content.js';

const maxContentBytes = 8 * 1024 * 1024;

/** Every value that JSON.parse makes is a JsonValue, so only the outer shape is looked at. */
function isArtifact(value: unknown): value is Artifact {
  return (
    typeof value === 'object' &&
    value !== null &&
    'type' in value &&
    typeof value.type === 'string' &&
    'content' in value
  );
}

/** An artifact with the bytes that stand for it. */
export interface BoundArtifact {
  readonly artifact: Artifact;
  /** Canonical JSON of type and content. */
  readonly bytes: Uint8Array;
  /** The digest of `bytes`: what votes and claims are bound to. */
  readonly digest: Digest;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}

/**
 * Reads back what {@link bindArtifact} wrote; `undefined` when the bytes are not those that the digest stands for.
 */
export function readArtifact(bytes: Uint8Array, digest: Digest): Artifact | undefined {
  if (toDigest(bytes) !== digest) return undefined;
  const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  return isArtifact(value) ? deepFreeze(value) : undefined;
}

/**
 * Takes a private, frozen copy of what was handed in and its digest, so that a later change of the caller's object changes nothing.
 *
 * @throws ReviewInputError `PARACLE_REVIEW_CONTENT_INVALID` when the content is not plain JSON or larger than 8 MiB.
 * @throws InvalidConfigError when a known type's content has a field of the wrong kind.
 */
export function bindArtifact(type: string, content: unknown): BoundArtifact {
  const bytes = new TextEncoder().encode(`{"content":${canonicalize(content)},"type":${canonicalize(type)}}`);
  const digest = toDigest(bytes);
  const artifact = bytes.length > maxContentBytes ? undefined : readArtifact(bytes, digest);
  if (artifact === undefined) {
    throw new ReviewInputError(
      reviewErrorCodes.contentInvalid,
      `Expected the content to be at most ${maxContentBytes} bytes of JSON, found ${bytes.length}.`,
      'Put the bytes of files into the store as bodies, and only their digests into the content.',
    );
  }
  if (type === 'file_change') parseConfig(fileChangeSchema, artifact.content, 'file_change content');
  if (type === 'command_execution') parseConfig(commandSchema, artifact.content, 'command_execution content');
  return { artifact, bytes, digest };
}
