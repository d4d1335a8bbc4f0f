import {
  type CallOptions,
  type ContainerDescription,
  coreErrorCodes,
  type Engine,
  hasCode,
  type Logger,
  ParacleError,
} from '@paracle/core';
import { rollbackErrorCodes } from '../errors/rollback-error-codes.js';
import { RollbackError } from '../errors/rollback-errors.js';
import { choosesMacAddresses } from './chosen-mac-address.js';
import { type ContainerIdentity, identityOf, type NetworkEndpoint, networkIdsOf } from './container-identity.js';
import { findDifferences } from './find-differences.js';
import type { ReplacementEntry, ReplacementJournal } from './replacement-journal.js';
import type { ReplacementStep } from './replacement-steps.js';
import { longCall } from './snapshot-images.js';
import { imageNameOf } from './snapshot-name.js';

/** Called before each step. */
export type ProgressListener = (progress: { readonly step: ReplacementStep }) => void;

/** What {@link Replacement} works with. */
export interface ReplacementContext {
  readonly engine: Engine;
  readonly journal: ReplacementJournal;
  readonly logger: Logger;
  readonly onProgress: ProgressListener;
}

/** The container that is to take the old one's place. */
export interface NextContainer {
  readonly id: string;
  readonly name: string;
  readonly isRunning: boolean;
}

/** Puts a container in another's place: same name, same everything, but other files. What it is at is noted on the engine. */
export class Replacement {
  readonly #context: ReplacementContext;
  readonly #engine: Engine;
  readonly #entry: ReplacementEntry;

  constructor(context: ReplacementContext, entry: ReplacementEntry) {
    this.#context = context;
    this.#engine = context.engine;
    this.#entry = entry;
  }

  /** Makes the new container beside the old one, which is left as it is; where this rejects, there is nothing new. */
  async prepare(old: ContainerDescription, options: CallOptions): Promise<NextContainer> {
    const { config, hostConfig, networkMode, networks } = identityOf(old, this.#entry.networks);
    const first = [...networks].find(([key, { networkId }]) => key === networkMode || networkId === networkMode);
    const EndpointsConfig = first === undefined ? {} : await this.#toEndpoints(first[0], networks, options);
    const body = { ...config, Image: this.#entry.reference, HostConfig: hostConfig };
    this.#step('create');
    const name = nextName(this.#entry);
    const { id } = await this.#engine.containers.create(
      { name, body: { ...body, NetworkingConfig: { EndpointsConfig } } },
      options,
    );
    try {
      const isApart = networkMode === 'host' || networkMode.startsWith('container:');
      const isElsewhere = first === undefined && (networks.size > 0 || networkMode !== 'none') && !isApart;
      if (isElsewhere) await this.#disconnect(networkMode, id, options);
      for (const [key, place] of networks)
        await this.#connect(id, place, { ...options, isMember: key in EndpointsConfig });
      return { id, name, isRunning: false };
    } catch (error) {
      await this.#engine.containers.remove(id, { force: true });
      throw error;
    }
  }

  /**
   * Puts the new container in the old one's place, and where that fails the old one back. Resolves with the new one.
   * @throws RollbackError `PARACLE_ROLLBACK_REPLACEMENT_FAILED`
   */
  async complete(old: ContainerDescription, next: NextContainer): Promise<ContainerDescription> {
    const stands = await this.#exchange(old, next).catch(async (error: unknown) => {
      await this.putBack(next.id).catch((second: unknown) => {
        this.#context.journal.abandon(this.#entry);
        throw this.#failed([error, second]);
      });
      throw this.#failed([error]);
    });
    try {
      this.#step('remove');
      await this.#engine.containers.remove(old.id, { force: true });
      await this.#close();
    } catch (error) {
      this.#context.journal.abandon(this.#entry);
      throw error;
    }
    return stands;
  }

  /** The old container under its name again, running if it did. */
  async putBack(nextId: string | undefined): Promise<void> {
    const { containerId, name, isRunning } = this.#entry;
    const old = await this.#engine.containers.inspect(containerId);
    if (nextId !== undefined) {
      this.#step('discard');
      await this.#engine.containers.remove(nextId, { force: true });
    }
    if (old.name !== name) {
      if (isRunning && !old.state.isRunning) await this.#restart();
      this.#step('give_back');
      await this.#engine.containers.rename(containerId, name);
    }
    await this.#close();
  }

  /** Gives the new container the name that is nobody's, for want of the old one. */
  async inherit(next: NextContainer | undefined): Promise<void> {
    const { name, isRunning } = this.#entry;
    if (next !== undefined && next.name !== name) await this.#engine.containers.rename(next.id, name);
    if (next !== undefined && isRunning) await this.#start(next);
    await this.#close();
  }

  /** The container that is to take the old one's place, under either name. */
  async findNext(): Promise<NextContainer | undefined> {
    const { name, containerId, reference } = this.#entry;
    const found = await Promise.all(
      [nextName(this.#entry), name].map(async (each) => findContainer(this.#engine, each)),
    );
    const next = found.find((each) => each !== undefined && each.id !== containerId && imageNameOf(each) === reference);
    return next && { id: next.id, name: next.name, isRunning: next.state.isRunning };
  }

  async #exchange(old: ContainerDescription, next: NextContainer): Promise<ContainerDescription> {
    const { name, isRunning } = this.#entry;
    const { containers } = this.#engine;
    if (old.name === name) {
      this.#step('set_aside');
      await containers.rename(old.id, `${name}-paracle-replaced`);
    }
    if (old.state.isRunning) await this.#stop(old);
    if (next.name !== name) {
      this.#step('take_name');
      await containers.rename(next.id, name);
    }
    if (isRunning) await this.#start(next);
    this.#step('verify');
    const stands = await containers.inspect(next.id);
    const differences = findDifferences(old, stands, this.#entry.networks);
    if (stands.state.isRunning !== isRunning) differences.push('State.Running');
    if (differences.length > 0) throw differs(this.#entry, differences);
    return stands;
  }

  /** What can still write to something that stays is given the time to end; nothing else that it writes is kept. */
  async #stop({ id, mounts }: ContainerDescription): Promise<void> {
    this.#step('stop');
    try {
      if (mounts.some(({ isWritable, type }) => isWritable && type !== 'tmpfs'))
        await this.#engine.containers.stop(id, longCall({}));
      else await this.#engine.containers.kill(id, 'SIGKILL');
    } catch (error) {
      if (!hasCode(error, coreErrorCodes.engineConflict)) throw error;
      if ((await this.#engine.containers.inspect(id)).state.isRunning) throw error;
    }
  }

  async #start({ id, isRunning }: NextContainer): Promise<void> {
    if (!isRunning) {
      this.#step('start');
      await this.#engine.containers.start(id);
    }
    await this.#attach(id);
  }

  /** On a network of ours it must not come up before the rules are in force. */
  async #restart(): Promise<void> {
    const { containerId, networks } = this.#entry;
    this.#step('restart');
    for (const network of networks) {
      // The enforcer may have taken it off by itself.
      await this.#engine.networks.disconnect(network, containerId).catch(async (error: unknown) => {
        if (await this.#isOn(network, containerId)) throw error;
      });
    }
    await this.#engine.containers.start(containerId);
    await this.#attach(containerId);
  }

  async #attach(containerId: string): Promise<void> {
    for (const network of this.#entry.networks) {
      const enforcer = this.#engine.networkAttachments.enforcerOf(network);
      if (enforcer === undefined) {
        this.#context.logger.warn({ containerId, network }, 'nobody enforces the network here: the container has none');
      } else if (!(await this.#isOn(network, containerId))) {
        this.#step('attach');
        await enforcer.attach(containerId, network);
      }
    }
  }

  async #isOn(network: string, containerId: string): Promise<boolean> {
    return [...networkIdsOf(await this.#engine.containers.inspect(containerId)).values()].includes(network);
  }

  /** The network that it is created with, and those on which it has a MAC address that only the create call can choose. */
  async #toEndpoints(
    main: string,
    networks: ContainerIdentity['networks'],
    options: CallOptions,
  ): Promise<Readonly<Record<string, object>>> {
    const canChoose = choosesMacAddresses(await this.#engine.capabilities(options));
    const endpoints = [...networks].flatMap(([name, { endpoint, macAddress }]) => {
      const isChosen = canChoose && macAddress !== '';
      return isChosen || name === main
        ? [[name, { ...endpoint, ...(isChosen && { MacAddress: macAddress }) }] as const]
        : [];
    });
    return Object.fromEntries(endpoints);
  }

  /** Under the address that the old one has, where the network lets one choose it. */
  async #connect(
    id: string,
    { networkId, endpoint, pinned }: NetworkEndpoint,
    { isMember, ...options }: CallOptions & { readonly isMember: boolean },
  ): Promise<void> {
    if (pinned !== undefined) {
      this.#step('connect');
      const isPinned = await this.#engine.networks.connect(networkId, id, { ...options, endpoint: pinned }).then(
        () => true,
        (error: unknown) => {
          if (!hasCode(error, coreErrorCodes.engineResponse)) throw error;
          return false;
        },
      );
      if (isPinned) return;
    }
    if (isMember) return;
    this.#step('connect');
    await this.#engine.networks.connect(networkId, id, { ...options, endpoint });
  }

  async #disconnect(network: string, id: string, options: CallOptions): Promise<void> {
    this.#step('connect');
    await this.#engine.networks.disconnect(network, id, options);
  }

  async #close(): Promise<void> {
    this.#step('close');
    await this.#context.journal.close(this.#entry);
  }

  #step(step: ReplacementStep): void {
    this.#context.onProgress({ step });
  }

  #failed(failures: readonly unknown[]): RollbackError {
    const { name, containerId } = this.#entry;
    const [first, second] = failures;
    const outcome = second === undefined ? 'the old one was put back' : 'nor could the old one be put back';
    return new RollbackError(
      rollbackErrorCodes.replacementFailed,
      `Container ${name} could not be replaced, ${outcome}: ${ParacleError.isInstance(first) ? first.message : String(first)}`,
      {
        details: { name, containerId, isPutBack: second === undefined },
        suggestion:
          second === undefined
            ? 'Look at the cause; the snapshots are whole.'
            : 'Look at the causes, and call recover().',
        cause: second === undefined ? first : new AggregateError(failures),
      },
    );
  }
}

/** A container by its id or name. */
export async function findContainer(
  engine: Engine,
  id: string,
  options: CallOptions = {},
): Promise<ContainerDescription | undefined> {
  try {
    return await engine.containers.inspect(id, options);
  } catch (error) {
    if (hasCode(error, coreErrorCodes.engineContainerNotFound)) return undefined;
    throw error;
  }
}

function nextName({ name }: ReplacementEntry): string {
  return `${name}-paracle-next`;
}

function differs({ name }: ReplacementEntry, differences: readonly string[]): RollbackError {
  return new RollbackError(
    rollbackErrorCodes.replacementFailed,
    `The container that was to replace ${name} differs from it in ${differences.join(', ')}`,
    { details: { differences } },
  );
}
