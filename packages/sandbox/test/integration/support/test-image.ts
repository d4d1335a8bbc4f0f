import { randomUUID } from 'node:crypto';
import type { Engine } from '@paracle/core';
import { callEngine } from '@paracle/test-support';

/** An image that exists for one test. */
export interface TestImage extends AsyncDisposable {
  readonly reference: string;
}

/** Derives an image from `python:3.11-slim` by Dockerfile instructions, and by settings that have none. */
export async function deriveImage(
  engine: Engine,
  instructions: readonly string[],
  settings: object = {},
): Promise<TestImage> {
  const { id } = await engine.containers.create({ body: { Image: 'python:3.11-slim', Cmd: ['true'], ...settings } });
  try {
    return await make(engine, `/commit?container=${id}&`, instructions);
  } finally {
    await engine.containers.remove(id, { force: true });
  }
}

/** Two blocks of zeros end an archive. */
const EMPTY_TAR = Buffer.alloc(1024);

/** Makes an image with nothing in it. */
export async function scratchImage(engine: Engine, instructions: readonly string[]): Promise<TestImage> {
  return make(engine, '/images/create?fromSrc=-&', instructions, EMPTY_TAR);
}

async function make(engine: Engine, path: string, instructions: readonly string[], body?: Buffer): Promise<TestImage> {
  const repo = `paracle-test-${randomUUID()}`;
  const query = new URLSearchParams({ repo, tag: 'test' });
  for (const line of instructions) query.append('changes', line);
  await callEngine(engine, 'POST', `${path}${query.toString()}`, body);
  const reference = `${repo}:test`;
  return { reference, [Symbol.asyncDispose]: async () => callEngine(engine, 'DELETE', `/images/${reference}`) };
}
