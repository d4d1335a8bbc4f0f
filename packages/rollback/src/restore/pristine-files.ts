import { buffer } from 'node:stream/consumers';
import { type Engine, ownerLabels } from '@paracle/core';
import { extract } from 'tar-stream';
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

  async #read({ path: bytes, sizeBytes, modifiedNs }: PristineFile): Promise<Buffer> {
    this.#container ??= this.#create();
    const archive = await this.#engine.archive.get(await this.#container, toPath(bytes));
    const unpacked = archive.pipe(extract());
    archive.on('error', (error) => unpacked.destroy(error));
    for await (const entry of unpacked) {
      const isIt =
        entry.header.type === 'file' &&
        entry.header.size === sizeBytes &&
        toSecond(entry.header.mtime) === modifiedNs / NS;
      if (isIt) return buffer(entry);
      entry.resume();
    }
    const path = display(bytes);
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

/** An archive tells the second, newer ones a part of it. */
function toSecond(time: Date | undefined): bigint {
  return BigInt(Math.floor((time?.getTime() ?? 0) / 1000));
}
