import { randomUUID } from 'node:crypto';
import type { Engine } from '@paracle/core';
import { callEngine } from '@paracle/test-support';

/** An image with a volume, for one test. */
export interface VolumeImage extends AsyncDisposable {
  readonly reference: string;
}

/** `python:3.11-slim` with a volume at a path. */
export async function createVolumeImage(engine: Engine, path: string): Promise<VolumeImage> {
  const repo = `paracle-test-${randomUUID()}`;
  const { id } = await engine.containers.create({ body: { Image: 'python:3.11-slim', Cmd: ['true'] } });
  const query = new URLSearchParams({ container: id, repo, tag: 'test', changes: `VOLUME ${path}` });
  try {
    await callEngine(engine, 'POST', `/commit?${query.toString()}`);
  } finally {
    await engine.containers.remove(id, { force: true });
  }
  const reference = `${repo}:test`;
  return { reference, [Symbol.asyncDispose]: async () => callEngine(engine, 'DELETE', `/images/${reference}`) };
}
