import { randomUUID } from 'node:crypto';
import { type IncomingMessage, type RequestOptions, request } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Engine } from '@paracle/core';
import { callEngine, findSocket } from '@paracle/test-support';

const BLOCK = 512;
const OWNER = 1000;

/** One path of an image, as bytes written as latin1, below its root. */
export interface ImagePath {
  readonly path: string;
  readonly type: 'file' | 'directory';
  readonly mode: number;
  readonly contents?: string;
  /** Extended attributes, as latin1. */
  readonly attributes?: Readonly<Record<string, string>>;
}

/** An image for one test. */
export interface TestImage extends AsyncDisposable {
  readonly reference: string;
}

/** `python:3.11-slim` with further paths of user 1000. Imported: a commit would lose extended attributes. */
export async function createImageWith(engine: Engine, paths: readonly ImagePath[]): Promise<TestImage> {
  const socketPath = await findSocket(engine);
  const reference = `paracle-test-${randomUUID()}`;
  const query = new URLSearchParams({
    fromSrc: '-',
    repo: reference,
    changes: 'ENV PATH=/usr/local/bin:/usr/bin:/bin',
  });
  const { id } = await engine.containers.create({ body: { Image: 'python:3.11-slim', Cmd: ['true'] } });
  try {
    const rest = await call({ socketPath, path: `/containers/${id}/export` });
    await importImage({ socketPath, method: 'POST', path: `/images/create?${query.toString()}` }, paths, rest);
  } finally {
    await engine.containers.remove(id, { force: true });
  }
  return { reference, [Symbol.asyncDispose]: async () => callEngine(engine, 'DELETE', `/images/${reference}`) };
}

async function call(options: RequestOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request(options, resolve).on('error', reject).end();
  });
}

async function importImage(options: RequestOptions, paths: readonly ImagePath[], rest: IncomingMessage): Promise<void> {
  const importing = request(options);
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    importing.on('response', resolve).on('error', reject);
  });
  importing.write(Buffer.concat(paths.flatMap(toEntries)));
  await pipeline(rest, importing);
  const text = Buffer.concat(await (await answered).toArray()).toString();
  if (text.includes('"error"')) throw new Error(text);
}

/** The records of attributes precede what they belong to. Source: pax in POSIX.1-2001; `SCHILY.xattr` in star(5). */
function toEntries({ path, type, mode, contents = '', attributes = {} }: ImagePath): Buffer[] {
  const records = Object.entries(attributes).map(([name, value]) => toRecord(`SCHILY.xattr.${name}=${value}`));
  const data = Buffer.from(contents);
  return [
    ...(records.length === 0 ? [] : toEntry('pax', { flag: 'x', mode: 0o644, data: Buffer.concat(records) })),
    ...toEntry(path, { flag: type === 'file' ? '0' : '5', mode, data }),
  ];
}

/** Begins with its own length. */
function toRecord(text: string): Buffer {
  const rest = ` ${text}\n`;
  let size = rest.length;
  while (String(size).length + rest.length !== size) size = String(size).length + rest.length;
  return Buffer.from(`${size}${rest}`, 'latin1');
}

function toEntry(
  path: string,
  { flag, mode, data }: { readonly flag: string; readonly mode: number; readonly data: Buffer },
): Buffer[] {
  const header = Buffer.alloc(BLOCK);
  const number = (value: number, at: number, length: number): void => {
    header.write(value.toString(8).padStart(length - 1, '0'), at, 'latin1');
  };
  header.write(path, 0, 'latin1');
  number(mode, 100, 8);
  number(OWNER, 108, 8);
  number(OWNER, 116, 8);
  number(data.length, 124, 12);
  number(1_000_000_000, 136, 12);
  header.write(' '.repeat(8), 148);
  header.write(flag, 156);
  header.write('ustar\0' + '00', 257, 'latin1');
  number(
    header.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  return [header, data, Buffer.alloc((BLOCK - (data.length % BLOCK)) % BLOCK)];
}
