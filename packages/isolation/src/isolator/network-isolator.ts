import { randomInt } from 'node:crypto';
import {
  type CallOptions,
  type ContainerReference,
  Engine,
  type EventSource,
  type Logger,
  type NetworkEnforcer,
  parseConfig,
  prune,
  resolveContainer,
  silentLogger,
  TypedEmitter,
} from '@paracle/core';
import { z } from 'zod';
import { findContradiction, type NetworkConfig, parseNetworkConfig } from '../config/network-config.js';
import { type NetworkPolicy, parseNetworkPolicy } from '../config/network-policy.js';
import type { Denial } from '../denials/denial.js';
import { isolationErrorCodes } from '../errors/isolation-error-codes.js';
import { IsolationError } from '../errors/isolation-errors.js';
import { GuardPost } from '../guard/guard-post.js';
import { type HostSurvey, surveyHost } from '../guard/survey-host.js';
import { Attachment, notAttached } from './attachment.js';
import { createNetwork } from './create-network.js';
import { describeNetwork, networkNotFound } from './describe-network.js';
import type { EnforcementProof } from './enforcement-proof.js';
import type { IsolatedNetwork, NetworkInfo } from './isolated-network.js';
import { KeyedQueue } from './keyed-queue.js';
import type { NetworkState } from './network-state.js';

/** How an isolator works. */
export interface NetworkIsolatorOptions {
  /** The engine to use; an isolator that is given one doesn't close it. @defaultValue the engine that is found */
  readonly engine?: Engine;
  /** @defaultValue silent */
  readonly logger?: Logger;
  /** CIDRs of IPv4 to take subnets from. @defaultValue those of `chooseSubnet` */
  readonly pools?: readonly string[] | undefined;
  /** Prefix length of subnets that are chosen, from 8 to 30. @defaultValue 28 (13 containers) */
  readonly prefixLength?: number | undefined;
}

/** What an isolator tells. */
export interface NetworkIsolatorEvents {
  /** A container was refused something; told when somebody reads what was, as each execution of a sandbox does. */
  denied: [{ readonly containerId: string; readonly denials: readonly Denial[] }];
  /** A container lost its network: it ended, or its rules were not in force any more. */
  lost: [{ readonly containerId: string; readonly networkId: string }];
}

const settingsSchema: z.ZodType<Pick<NetworkIsolatorOptions, 'pools' | 'prefixLength'>> = z.strictObject({
  pools: z.array(z.string()).optional(),
  prefixLength: z.int().min(8).max(30).optional(),
});

/** Makes networks and enforces their policies. Connects on first use; close it when done. */
export class NetworkIsolator implements NetworkEnforcer {
  readonly #engine: Engine;
  readonly #ownsEngine: boolean;
  readonly #logger: Logger;
  readonly #settings: Pick<NetworkIsolatorOptions, 'pools' | 'prefixLength'>;
  readonly #networks = new Map<string, NetworkState>();
  readonly #attachments = new Map<string, { readonly attachment: Attachment; readonly unregister: () => void }>();
  readonly #posts = new Map<string, GuardPost>();
  readonly #queue = new KeyedQueue();
  readonly #underWay = new Set<Promise<void>>();
  readonly #events: TypedEmitter<NetworkIsolatorEvents>;
  readonly #stopEnforcing: () => void;
  readonly #closing = new AbortController();
  #survey: Promise<HostSurvey> | undefined;
  #sweep: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  /** @throws InvalidConfigError `PARACLE_CORE_CONFIG_INVALID` if an option is unknown or wrong */
  constructor(options: NetworkIsolatorOptions = {}) {
    const { engine, logger = silentLogger, ...settings } = options;
    this.#settings = parseConfig(settingsSchema, settings, 'network isolator options');
    this.#engine = engine ?? new Engine();
    this.#ownsEngine = engine === undefined;
    this.#logger = logger.child({ component: 'isolation' });
    this.#events = new TypedEmitter({ logger: this.#logger });
    this.#stopEnforcing = this.#engine.networkAttachments.enforceBy(this);
  }

  get events(): EventSource<NetworkIsolatorEvents> {
    return this.#events;
  }

  /**
   * Makes a network; what dead controllers left is removed first.
   *
   * @throws InvalidConfigError `PARACLE_CORE_CONFIG_INVALID`, SubnetPoolsExhaustedError `PARACLE_ISOLATION_POOLS_EXHAUSTED`,
   * IsolationError `PARACLE_ISOLATION_SUBNET_TAKEN`, `PARACLE_ISOLATION_NETWORK_UNENFORCED`, `PARACLE_ISOLATION_GUARD_IMAGE`
   */
  async createNetwork(config: NetworkConfig = {}, options: CallOptions = {}): Promise<IsolatedNetwork> {
    this.#refuseIfClosed();
    const resolved = parseNetworkConfig(config);
    await (this.#sweep ??= this.#sweepOrphans());
    const survey = await this.#surveyHost();
    const network = await createNetwork(this.#engine, {
      ...options,
      config: resolved,
      survey,
      subnets: this.#settings,
    });
    // Any number will do to begin with; a random one is nobody's who had this subnet before.
    this.#networks.set(network.id, { ...network, generation: randomInt(1, 2 ** 31) });
    this.#logger.info({ networkId: network.id, subnet: network.subnet }, 'network created');
    return network;
  }

  /**
   * Puts a running container that has no network on a network of this isolator: first the rules, then the way. Resolves
   * once the policy is in force, with what was seen of that. However it fails, the container has no network then.
   *
   * @throws IsolationError `PARACLE_ISOLATION_UNENFORCEABLE` where a policy would not hold, with each reason;
   * `PARACLE_ISOLATION_ALREADY_ATTACHED`, `PARACLE_ISOLATION_NETWORK_FULL`, `PARACLE_ISOLATION_NETWORK_NOT_FOUND`,
   * `PARACLE_ISOLATION_DRIFT`
   */
  async attachContainer(
    container: ContainerReference,
    networkId: string,
    options: CallOptions = {},
  ): Promise<EnforcementProof> {
    const id = await resolveContainer(this.#engine, container, options);
    return (await this.attach(id, networkId, options)).proof;
  }

  /**
   * Has a guard at hand in a container that runs without a network, so that attaching it takes a third of the time. It
   * stays until the container ends, as does one that attaching has put there.
   *
   * @throws IsolationError `PARACLE_ISOLATION_UNENFORCEABLE`
   */
  async prepare(container: ContainerReference, options: CallOptions = {}): Promise<void> {
    this.#refuseIfClosed();
    await this.#postOf(await resolveContainer(this.#engine, container, options)).prepare(options);
  }

  /** {@link attachContainer} for other packages, by the engine's id. */
  async attach(containerId: string, networkId: string, options: CallOptions = {}): Promise<Attachment> {
    this.#refuseIfClosed();
    const network = this.#ownNetwork(networkId);
    const { addresses } = await this.#surveyHost();
    return this.#queue.run(containerId, async () => {
      const known = this.#attachments.get(containerId);
      if (known !== undefined) throw alreadyAttached(containerId, known.attachment.networkId);
      const attachment = await Attachment.make(
        containerId,
        {
          engine: this.#engine,
          logger: this.#logger,
          post: this.#postOf(containerId),
          network,
          hostAddresses: addresses,
          closing: this.#closing.signal,
          onDenied: (id, denials) => this.#events.emit('denied', { containerId: id, denials }),
          onLost: (lost, withdrawal) => this.#forget(lost, withdrawal),
          detach: (id) => this.#detach(id),
        },
        options,
      );
      const unregister = this.#engine.networkAttachments.register(containerId, attachment);
      this.#attachments.set(containerId, { attachment, unregister });
      // The policy may have been changed before it was known here.
      while (attachment.isOutdated) await attachment.reload();
      return attachment;
    });
  }

  /** Takes a container off its network; it has none then. One that is on none of this isolator's is fine. */
  async detachContainer(container: ContainerReference): Promise<void> {
    await this.#detach(await resolveContainer(this.#engine, container));
  }

  /**
   * A network that Paracle made, by its id or name, and who is on it. Of a network that another process made, `policy` is
   * the one that it was made with.
   *
   * @throws IsolationError `PARACLE_ISOLATION_NETWORK_NOT_FOUND`
   */
  async getNetworkInfo(network: string, options: CallOptions = {}): Promise<NetworkInfo> {
    return describeNetwork(this.#engine, network, { ...options, policyOf: (id) => this.#networks.get(id)?.policy });
  }

  /**
   * Changes a network's policy, for all containers on it at once. Every live connection is cut, also one that the new
   * policy would allow. A container for which it fails loses the network.
   *
   * @throws IsolationError `PARACLE_ISOLATION_POLICY_CONTRADICTION` where the network has no way to what the policy
   * opens; AggregateError with what failed for containers
   */
  async updatePolicy(networkId: string, policy: NetworkPolicy): Promise<void> {
    const network = this.#ownNetwork(networkId);
    const resolved = parseNetworkPolicy(policy);
    const contradiction = findContradiction({
      internal: network.internal,
      policy: resolved,
      subnets: [network.subnet],
    });
    if (contradiction !== undefined) {
      throw new IsolationError(isolationErrorCodes.policyContradiction, contradiction, { details: { networkId } });
    }
    network.policy = resolved;
    network.generation++;
    const outcomes = await Promise.allSettled(
      this.#attachmentsOf(network.id).map(async (attachment) => attachment.reload()),
    );
    const failures = outcomes.flatMap((outcome): unknown[] => (outcome.status === 'rejected' ? [outcome.reason] : []));
    if (failures.length === 0) return;
    throw new AggregateError(
      failures,
      `The policy is not in force for ${failures.length} containers, which lost the network`,
    );
  }

  /**
   * Looks again at what holds for a container: the engine's side, the rules by their hash, and what they do. Where that
   * is not as it should be, the container loses its network before this rejects.
   *
   * @throws IsolationError `PARACLE_ISOLATION_DRIFT`, `PARACLE_ISOLATION_NOT_ATTACHED`
   */
  async verify(container: ContainerReference, options: CallOptions = {}): Promise<EnforcementProof> {
    return this.#withAttachment(container, (attachment) => attachment.verify(options));
  }

  /** All that a container was refused since it was attached. @throws IsolationError `PARACLE_ISOLATION_NOT_ATTACHED` */
  async getDenials(container: ContainerReference): Promise<readonly Denial[]> {
    return this.#withAttachment(container, async (attachment) => attachment.denials());
  }

  /**
   * Detaches every container, and removes every network that this isolator made, also from those that somebody else put
   * on it.
   *
   * @throws IsolationError `PARACLE_ISOLATION_CLEANUP_FAILED`; all was tried
   */
  async cleanupAll(): Promise<void> {
    const detached = await Promise.allSettled([
      ...[...this.#attachments.keys()].map(async (id) => this.#detach(id)),
      ...this.#underWay,
    ]);
    const removed = await Promise.allSettled(
      [...this.#networks.keys()].map(async (id) => {
        await this.#engine.networks.remove(id, { force: true });
        this.#networks.delete(id);
      }),
    );
    const failures = [...detached, ...removed].flatMap((outcome): unknown[] =>
      outcome.status === 'rejected' ? [outcome.reason] : [],
    );
    if (failures.length === 0) return;
    throw new IsolationError(
      isolationErrorCodes.cleanupFailed,
      `${failures.length} networks or guards could not be removed`,
      {
        suggestion: 'Call it again. Once this process has ended, prune() removes them.',
        cause: new AggregateError(failures),
      },
    );
  }

  /** {@link cleanupAll}, and the end of this isolator. May be called again. */
  async close(): Promise<void> {
    this.#closed ??= this.#shutDown();
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #shutDown(): Promise<void> {
    this.#stopEnforcing();
    this.#closing.abort();
    await this.#sweep;
    await this.#survey?.catch(() => undefined);
    try {
      await this.cleanupAll();
      await Promise.all([...this.#posts.values()].map(async (post) => post.close()));
    } finally {
      this.#events.removeAllListeners();
      if (this.#ownsEngine) await this.#engine.close();
    }
  }

  #postOf(containerId: string): GuardPost {
    const known = this.#posts.get(containerId);
    if (known !== undefined) return known;
    const post = new GuardPost(this.#engine, containerId, this.#logger);
    this.#posts.set(containerId, post);
    void post.ended.then(async () => this.#track(this.#leave(post)));
    return post;
  }

  /** A container that has ended, and is started again by hand, must come up without a network. */
  async #leave(post: GuardPost): Promise<void> {
    if (this.#posts.get(post.containerId) === post) this.#posts.delete(post.containerId);
    await this.#attachments.get(post.containerId)?.attachment.lose();
    await post.close();
  }

  #track(work: Promise<void>): void {
    this.#underWay.add(work);
    work
      .catch((err: unknown) => {
        this.#logger.error({ err }, 'what a container left behind could not be removed; the next prune will');
      })
      .finally(() => this.#underWay.delete(work));
  }

  async #detach(containerId: string): Promise<void> {
    await this.#queue.run(containerId, async () => {
      const known = this.#attachments.get(containerId);
      if (known === undefined) return;
      this.#attachments.delete(containerId);
      known.unregister();
      try {
        await known.attachment.leave();
      } catch (error) {
        this.#attachments.set(containerId, known);
        throw error;
      }
    });
  }

  async #withAttachment<Result>(
    container: ContainerReference,
    work: (attachment: Attachment) => Promise<Result>,
  ): Promise<Result> {
    const id = await resolveContainer(this.#engine, container);
    const known = this.#attachments.get(id);
    if (known === undefined) throw notAttached(id);
    return work(known.attachment);
  }

  #attachmentsOf(networkId: string): readonly Attachment[] {
    return [...this.#attachments.values()]
      .map(({ attachment }) => attachment)
      .filter((attachment) => attachment.networkId === networkId);
  }

  #forget(attachment: Attachment, withdrawal: Promise<void>): void {
    const { containerId, networkId } = attachment;
    this.#track(withdrawal);
    const known = this.#attachments.get(containerId);
    if (known?.attachment !== attachment) return;
    known.unregister();
    this.#attachments.delete(containerId);
    this.#logger.warn({ containerId, networkId }, 'a container lost its network');
    this.#events.emit('lost', { containerId, networkId });
  }

  #ownNetwork(network: string): NetworkState {
    const found = this.#networks.get(network) ?? [...this.#networks.values()].find(({ name }) => name === network);
    if (found !== undefined) return found;
    throw networkNotFound(network);
  }

  async #surveyHost(): Promise<HostSurvey> {
    this.#survey ??= surveyHost(this.#engine, { logger: this.#logger });
    this.#survey.catch(() => {
      this.#survey = undefined;
    });
    return this.#survey;
  }

  /** Removes what dead controllers left; a failure is no reason not to make a network. */
  async #sweepOrphans(): Promise<void> {
    try {
      await prune(this.#engine, { logger: this.#logger });
    } catch (err) {
      this.#logger.warn({ err }, 'orphans could not be removed');
    }
  }

  #refuseIfClosed(): void {
    if (this.#closed === undefined) return;
    throw new IsolationError(isolationErrorCodes.closed, 'The network isolator was closed');
  }
}

function alreadyAttached(containerId: string, networkId: string): IsolationError {
  return new IsolationError(
    isolationErrorCodes.alreadyAttached,
    `Container ${containerId.slice(0, 12)} is on network ${networkId.slice(0, 12)} already`,
    { details: { containerId, networkId }, suggestion: 'One policy holds for a container: detach it first.' },
  );
}
