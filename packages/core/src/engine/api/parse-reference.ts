/** An image reference in its two parts. */
export interface ImageReference {
  readonly name: string;
  /** Tag or digest. */
  readonly tag: string;
}

/** Splits an image reference; without tag or digest it means `latest`, as it does for the docker command. */
export function parseReference(reference: string): ImageReference {
  const digestAt = reference.indexOf('@');
  if (digestAt > 0) return { name: reference.slice(0, digestAt), tag: reference.slice(digestAt + 1) };
  const tagAt = reference.lastIndexOf(':');
  if (tagAt > reference.lastIndexOf('/')) return { name: reference.slice(0, tagAt), tag: reference.slice(tagAt + 1) };
  return { name: reference, tag: 'latest' };
}
