import { randomUUID } from 'node:crypto';
import { type ContainerDescription, type Engine, silentLogger } from '@paracle/core';
import { execAsRoot } from '@paracle/test-support';
import { type RollbackConfig, rollbackConfigSchema } from '../../../src/config/rollback-config.js';
import { ReplacementSnapshots } from '../../../src/replacement/replacement-snapshots.js';
import { lineageOf } from '../../../src/replacement/snapshot-name.js';

/** A container that nobody of ours made, by its name: its id changes with each rollback. */
export class ForeignContainer implements AsyncDisposable {
  readonly engine: Engine;
  readonly name: string;

  private constructor(engine: Engine, name: string) {
    this.engine = engine;
    this.name = name;
  }

  static async start(engine: Engine, body: Readonly<Record<string, unknown>> = {}): Promise<ForeignContainer> {
    const container = await ForeignContainer.create(engine, body);
    await engine.containers.start(container.name);
    return container;
  }

  static async create(engine: Engine, body: Readonly<Record<string, unknown>> = {}): Promise<ForeignContainer> {
    const name = `foreign-${randomUUID()}`;
    const usual = { Image: 'python:3.11-slim', Cmd: ['sleep', '1000000'], HostConfig: { NetworkMode: 'none' } };
    await engine.containers.create({ name, body: { ...usual, ...body } });
    return new ForeignContainer(engine, name);
  }

  async inspect(): Promise<ContainerDescription> {
    return this.engine.containers.inspect(this.name);
  }

  async run(script: string): Promise<string> {
    return (await execAsRoot(this.engine, this.name, ['sh', '-c', script])).trim();
  }

  /** What stands in a file, also while the container does not run. */
  async read(path: string): Promise<string> {
    const archive = await this.engine.archive.get(this.name, path);
    const bytes = Buffer.concat(await archive.toArray());
    return bytes
      .subarray(512, 512 + Number.parseInt(bytes.subarray(124, 135).toString(), 8))
      .toString()
      .trim();
  }

  /** Names and states of all containers with a name like this one's, and of what notes that it is replaced. */
  async traces(): Promise<string[]> {
    const [containers, volumes] = await Promise.all([
      this.engine.containers.list({ all: true }),
      this.engine.volumes.list({ labels: { 'dev.paracle.purpose': 'replacement' } }),
    ]);
    const own = containers.filter(({ names }) => names.some((name) => name.startsWith(this.name)));
    const notes = volumes.filter(({ labels }) => labels['dev.paracle.replacement']?.includes(this.name) === true);
    return [
      ...own.flatMap(({ names, state }) => names.map((name) => `${name} ${state}`)),
      ...notes.map(({ name }) => name),
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const containers = await this.engine.containers.list({ all: true });
    const own = containers.filter(({ names }) => names.some((name) => name.startsWith(this.name)));
    const all = await Promise.all(own.map(async ({ id }) => this.engine.containers.inspect(id)));
    for (const { id } of own) await this.engine.containers.remove(id, { force: true, volumes: true });
    const volumes = all.flatMap(({ mounts }) => mounts.flatMap(({ name }) => name ?? []));
    for (const name of volumes) await this.engine.volumes.remove(name);
    const lineages = new Set(all.map(lineageOf));
    for (const lineage of lineages) {
      const images = await this.engine.images.list({ reference: `paracle-snapshot:${lineage}.*` });
      for (const tag of images.flatMap(({ tags }) => tags)) await this.engine.images.remove(tag);
    }
  }
}

/** A network for one test. */
export interface TestNetwork extends AsyncDisposable {
  readonly name: string;
}

export async function createNetwork(engine: Engine, subnet?: string): Promise<TestNetwork> {
  const name = `foreign-${randomUUID()}`;
  const ipam = subnet === undefined ? {} : { IPAM: { Config: [{ Subnet: subnet }] } };
  await engine.networks.create({ Name: name, Internal: true, ...ipam });
  return { name, [Symbol.asyncDispose]: async () => engine.networks.remove(name, { force: true }) };
}

export function snapshotsOf(engine: Engine, config: RollbackConfig = {}, maxLayers?: number): ReplacementSnapshots {
  return new ReplacementSnapshots({
    engine,
    config: rollbackConfigSchema.parse(config),
    logger: silentLogger,
    ...(maxLayers !== undefined && { maxLayers }),
  });
}
