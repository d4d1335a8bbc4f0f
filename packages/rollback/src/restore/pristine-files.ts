import { isUtf8 } from 'node:buffer';
import { buffer } from 'node:stream/consumers';
import { type Engine, ownerLabels } from '@paracle/core';
import { extract, type Header } from 'tar-stream';
import { rollbackErrorCodes } from '../errors/rollback-error-codes.js';
import { RollbackError } from '../errors/rollback-errors.js';
import { display, type ManifestEntry, toPath } from '../snapshot/manifest.js';

/** Files read at once: each is held in memory. */
const LANE_COUNT = 4;

/** What is known of a file that is still the image's. */
type PristineFile = Pick<ManifestEntry, 'path' | 'sizeBytes' | 'modifiedNs'>;

const NS = 1_000_000_000n;

/** Files as the image has them, read from a container that is made for it and never started. */
export class PristineFiles implements AsyncDisposable {
  readonly #engine: Engine;
  readonly #imageId: string;
  #container: Promise<string> | undefined;
  readonly #lanes: Promise<unknown>[] = Array.from({ length: LANE_COUNT }, async () => undefined);
  #turns = 0;

  constructor(engine: Engine, imageId: string) {
    this.#engine = engine;
    this.#imageId = imageId;
  }

  /**
   * Contents of a regular file. Few are read at once, however many are asked for.
   * @throws RollbackError `PARACLE_ROLLBACK_SNAPSHOT_DAMAGED` where the image has no such file
   */
  async read(file: PristineFile): Promise<Buffer> {
    const lane = this.#turns++ % LANE_COUNT;
    const reading = (this.#lanes[lane] ?? Promise.resolve()).then(async () => this.#read(file));
    const forget = (): undefined => undefined;
    this.#lanes[lane] = reading.then(forget, forget);
    return reading;
  }

  async #read(file: PristineFile): Promise<Buffer> {
    this.#container ??= this.#create();
    const name = toPath(file.path.slice(file.path.lastIndexOf('/') + 1));
    const archive = await this.#engine.archive.get(await this.#container, toArchivePath(file.path, name));
    const unpacked = archive.pipe(extract());
    archive.on('error', (error) => unpacked.destroy(error));
    const found: Buffer[] = [];
    for await (const entry of unpacked) {
      if (isIt(entry.header, file, name.toString())) found.push(await buffer(entry));
      else entry.resume();
    }
    const [contents] = found;
    if (contents !== undefined && found.length === 1) return contents;
    const path = display(file.path);
    throw new RollbackError(rollbackErrorCodes.snapshotDamaged, `The image has no such file as ${path} was`, {
      details: { path },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#container === undefined) return;
    await this.#engine.containers.remove(await this.#container, { force: true, volumes: true });
  }

  async #create(): Promise<string> {
    const body = {
      Image: this.#imageId,
      Entrypoint: ['-'],
      Labels: ownerLabels({ purpose: 'snapshot' }),
      HostConfig: { NetworkMode: 'none' },
    };
    return (await this.#engine.containers.create({ body })).id;
  }
}

/** Engines pass the name of a file on as JSON, which has no place for bytes that are not UTF-8: its directory has it too. */
function toArchivePath(path: string, name: Buffer): Buffer {
  return toPath(isUtf8(name) ? path : `${path.slice(0, -name.length)}.`);
}

/** By name as far as it is text, which is no more than what an archive is read with. */
function isIt({ name: entry, type, size, mtime }: Header, file: PristineFile, name: string): boolean {
  const isThere =
    entry
      .split('/')
      .filter((part: string) => part !== '' && part !== '.')
      .join('/') === name;
  return isThere && type === 'file' && size === file.sizeBytes && toSecond(mtime) === file.modifiedNs / NS;
}

/** An archive tells the second, newer ones a part of it. */
function toSecond(time: Date | undefined): bigint {
  return BigInt(Math.floor((time?.getTime() ?? 0) / 1000));
}
