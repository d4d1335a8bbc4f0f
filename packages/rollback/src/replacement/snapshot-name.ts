import type { ContainerDescription } from '@paracle/core';
import { z } from 'zod';

/**
 * Snapshots are images of this name. They carry no labels of ours: a container that is made from them would take these
 * over. What is known of one is noted in its image's comment.
 */
const REPOSITORY = 'paracle-snapshot';
const SNAPSHOT = /^paracle-snapshot:([0-9a-f]{64})\.snap_[0-9a-z]{26}$/u;
const BASE = /^paracle-snapshot:([0-9a-f]{64})\.base$/u;
const PINNED = '.pinned';

const configSchema = z.object({ Image: z.string().default('') });

/** Name of the image that a container was made from, as it was given. */
export function imageNameOf({ config }: ContainerDescription): string {
  return configSchema.parse(config).Image;
}

/**
 * What stays the same however often a container is replaced: its first id. One that took another's place was made from a
 * snapshot of that.
 */
export function lineageOf(container: ContainerDescription): string {
  return lineageIn(imageNameOf(container)) ?? container.id;
}

/** Name of a snapshot's image. */
export function toReference(lineage: string, snapshotId: string): string {
  return `${REPOSITORY}:${lineage}.${snapshotId}`;
}

/** A further name of a snapshot's image that is pinned. */
export function toPin(reference: string): string {
  return `${reference}${PINNED}`;
}

/** Keeps an image that a container runs on when its snapshot is deleted; another takes it over when that container is replaced. */
export function toBase(lineage: string): string {
  return `${REPOSITORY}:${lineage}.base`;
}

/** Pattern for all names of images of a container. */
export function allOf(lineage: string): string {
  return `${REPOSITORY}:${lineage}.*`;
}

/** Pattern for a snapshot of whichever container. */
export function anyWith(snapshotId: string): string {
  return `${REPOSITORY}:*.${snapshotId}`;
}

/** The container in a snapshot's name; none in that of a pin or a base. */
export function lineageIn(name: string): string | undefined {
  return SNAPSHOT.exec(name)?.[1];
}

/** The container in the name of a base. */
export function lineageOfBase(name: string): string | undefined {
  return BASE.exec(name)?.[1];
}
