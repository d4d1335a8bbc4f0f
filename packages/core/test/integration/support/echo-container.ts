import { randomUUID } from 'node:crypto';
import type { Engine, HijackedStream } from '@paracle/core';

/** A container that sends back what it is sent. */
export interface EchoContainer {
  readonly id: string;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts one that stays when its client leaves. */
export async function createEcho(engine: Engine): Promise<EchoContainer> {
  const { id } = await engine.containers.create({
    name: `echo-test-${randomUUID()}`,
    body: {
      Image: 'python:3.11-slim',
      Cmd: ['cat'],
      OpenStdin: true,
      Labels: { 'dev.paracle.test': 'echo' },
      HostConfig: { NetworkMode: 'none', LogConfig: { Type: 'none' } },
    },
  });
  await engine.containers.start(id);
  return { id, [Symbol.asyncDispose]: async () => engine.containers.remove(id, { force: true, volumes: true }) };
}

/** Reads frames of 8 bytes of header and a body until so many bytes came. */
export async function readOutput(stream: HijackedStream, byteCount: number): Promise<Buffer> {
  const bodies: Buffer[] = [];
  let left = byteCount;
  let bytes = Buffer.alloc(0);
  return new Promise((resolve, reject) => {
    AbortSignal.timeout(20_000).addEventListener('abort', () => reject(new Error(`${left} bytes are missing`)));
    stream.receive((piece) => {
      bytes = Buffer.concat([bytes, piece]);
      while (bytes.length >= 8 && bytes.length >= 8 + bytes.readUInt32BE(4)) {
        const end = 8 + bytes.readUInt32BE(4);
        bodies.push(bytes.subarray(8, end));
        left -= end - 8;
        bytes = bytes.subarray(end);
      }
      if (left <= 0) resolve(Buffer.concat(bodies));
    });
  });
}

/** Sends this to a program of its own in the container that sends it back. */
export async function echoByExec(engine: Engine, containerId: string, text: string): Promise<string> {
  const { stream } = await engine.exec.start(containerId, { command: ['cat'] });
  try {
    stream.write(text);
    return (await readOutput(stream, Buffer.byteLength(text))).toString();
  } finally {
    stream.destroy();
  }
}
