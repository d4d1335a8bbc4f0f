import { expect, it } from '@jest/globals';
import type { ContainerDescription } from '@paracle/core';
import { lineageOf, toPin, toReference } from '../../../src/replacement/snapshot-name.js';

const FIRST = 'a'.repeat(64);
const SECOND = 'b'.repeat(64);
const SNAPSHOT = `snap_${'0'.repeat(26)}`;

function madeFrom(Image: string): ContainerDescription {
  const state = { status: 'running', isRunning: true, isPaused: false, isOomKilled: false };
  const rest = { imageId: 'sha256:0', createdAt: '', labels: {}, mounts: [], hostConfig: {}, networkSettings: {} };
  return { id: SECOND, name: 'web', state, ...rest, config: { Image } };
}

it.each([
  ['an image of somebody', 'python:3.11-slim', SECOND],
  ['a snapshot', toReference(FIRST, SNAPSHOT), FIRST],
  ['what is only called alike', `paracle-snapshot:${FIRST}`, SECOND],
  ['a pin', toPin(toReference(FIRST, SNAPSHOT)), SECOND],
])('knows whose snapshots a container made from %s has', (_title, image, lineage) => {
  expect(lineageOf(madeFrom(image))).toBe(lineage);
});
