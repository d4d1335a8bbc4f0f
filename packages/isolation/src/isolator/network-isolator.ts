import { randomInt } from 'node:crypto';
import {
  type CallOptions,
  type ContainerReference,
  Engine,
  type EventSource,
  type Logger,
  type NetworkEnforcer,
  parseConfig,
  resolveContainer,
  silentLogger,
  TypedEmitter,
} from '@paracle/core';
import { type NetworkConfig, parseNetworkConfig } from '../config/network-config.js';
import { type NetworkPolicy, parseNetworkPolicy } from '../config/network-policy.js';
import type { DenialJournal } from '../denials/parse-denials.js';
import { isolationErrorCodes } from '../errors/isolation-error-codes.js';
import { IsolationError } from '../errors/isolation-errors.js';
import { GuardPost } from '../guard/guard-post.js';
import { type HostSurvey, surveyHost } from '../guard/survey-host.js';
import { Attachment, type AttachmentContext } from './attachment.js';
import { Attachments } from './attachments.js';
import { createNetwork } from './create-network.js';
import { describeNetwork, networkNotFound } from './describe-network.js';
import { enforcePolicy } from './enforce-policy.js';
import type { EnforcementProof } from './enforcement-proof.js';
import type { IsolatedNetwork, NetworkInfo } from './isolated-network.js';
import {
  alreadyAttached,
  cleanupFailed,
  notAttached,
  policyUnenforced,
  refuseContradiction,
} from './isolator-errors.js';
import {
  type IsolatorSettings,
  isolatorSettingsSchema,
  type NetworkIsolatorEvents,
  type NetworkIsolatorOptions,
} from './isolator-options.js';
import { KeyedQueue } from './keyed-queue.js';
import { listHostAddresses } from './list-gateways.js';
import type { NetworkState } from './network-state.js';
import { sweepOrphans } from './sweep-orphans.js';

/** Makes networks and enforces their policies. Connects on first use; close it when done. */
export class NetworkIsolator implements NetworkEnforcer {
  readonly #engine: Engine;
  readonly #ownsEngine: boolean;
  readonly #logger: Logger;
  readonly #settings: IsolatorSettings;
  readonly #networks = new Map<string, NetworkState>();
  readonly #attachments: Attachments;
  readonly #posts = new Map<string, GuardPost>();
  readonly #queue = new KeyedQueue();
  readonly #underWay = new Set<Promise<void>>();
  /** What was begun and has not ended, and on which network. */
  readonly #operations = new Map<Promise<unknown>, NetworkState | undefined>();
  readonly #events: TypedEmitter<NetworkIsolatorEvents>;
  readonly #stopEnforcing: () => void;
  readonly #closing = new AbortController();
  #survey: Promise<HostSurvey> | undefined;
  #sweep: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  /** @throws InvalidConfigError `PARACLE_CORE_CONFIG_INVALID` if an option is unknown or wrong */
  constructor(options: NetworkIsolatorOptions = {}) {
    const { engine, logger = silentLogger, ...settings } = options;
    this.#settings = parseConfig(isolatorSettingsSchema, settings, 'network isolator options');
    this.#engine = engine ?? new Engine();
    this.#ownsEngine = engine === undefined;
    this.#attachments = new Attachments(this.#engine, this.#closing.signal);
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
    return this.#operate(async () => {
      const resolved = parseNetworkConfig(config);
      await (this.#sweep ??= sweepOrphans(this.#engine, this.#logger));
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
      await this.#closeGateway();
      return network;
    });
  }

  /**
   * Puts a running container that has no network on a network of this isolator: first the rules, then the way. Resolves
   * once the policy is in force, with what was seen of that. However it fails, the container has no network then, but
   * with `PARACLE_ISOLATION_DISCONNECT_FAILED`.
   *
   * @throws IsolationError `PARACLE_ISOLATION_UNENFORCEABLE` where a policy would not hold, with each reason;
   * `PARACLE_ISOLATION_ALREADY_ATTACHED`, `PARACLE_ISOLATION_NETWORK_FULL`, `PARACLE_ISOLATION_NETWORK_NOT_FOUND`,
   * `PARACLE_ISOLATION_DRIFT`; `PARACLE_ISOLATION_DISCONNECT_FAILED` where it may still be on this network, or on the
   * one before, since the engine does not take it off
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
    await this.#operate(async () => {
      const id = await resolveContainer(this.#engine, container, options);
      await this.#queue.run(id, async () =>
        this.#atPost(id, async (post): Promise<unknown> => {
          return this.#attachments.get(id) ? post.standing(options) : post.prepare(options);
        }),
      );
    });
  }

  enforces(network: string): boolean {
    return this.#findNetwork(network) !== undefined;
  }

  /** {@link attachContainer} for other packages, by the engine's id. */
  async attach(containerId: string, networkId: string, options: CallOptions = {}): Promise<Attachment> {
    this.#refuseIfClosed();
    const network = this.#ownNetwork(networkId);
    return this.#operate(
      async () => this.#queue.run(containerId, async () => this.#attach(containerId, network, options)),
      network,
    );
  }

  /**
   * Takes a container off its network; it has none then. One that is on none of this isolator's is fine.
   *
   * @throws IsolationError `PARACLE_ISOLATION_DISCONNECT_FAILED`
   */
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
    this.#refuseIfClosed();
    return describeNetwork(this.#engine, network, { ...options, policyOf: (id) => this.#networks.get(id)?.policy });
  }

  /**
   * Changes a network's policy, for all containers on it at once. Every live connection is cut, also one that the new
   * policy would allow. A container for which it fails loses the network.
   *
   * @throws IsolationError `PARACLE_ISOLATION_POLICY_CONTRADICTION` where the network has no way to what the policy
   * opens; `PARACLE_ISOLATION_POLICY_UNENFORCED` with what failed for containers, also for those that should have lost the
   * network before
   */
  async updatePolicy(networkId: string, policy: NetworkPolicy): Promise<void> {
    this.#refuseIfClosed();
    const network = this.#ownNetwork(networkId);
    const resolved = parseNetworkPolicy(policy);
    refuseContradiction(network, resolved);
    network.policy = resolved;
    network.generation++;
    const failures = await enforcePolicy(network, this.#attachments, async () => this.#settledOn(network));
    if (failures.length > 0) throw policyUnenforced(networkId, failures);
  }

  /**
   * Looks again at what holds for a container: the engine's side, the rules by their hash, and what they do. Where that
   * is not as it should be, the container loses its network before this rejects.
   *
   * @throws IsolationError `PARACLE_ISOLATION_DRIFT`, `PARACLE_ISOLATION_NOT_ATTACHED`;
   * `PARACLE_ISOLATION_DISCONNECT_FAILED` where it may still be on the network, with both failures
   */
  async verify(container: ContainerReference, options: CallOptions = {}): Promise<EnforcementProof> {
    return this.#withAttachment(container, (attachment) => attachment.verify(options));
  }

  /** All that a container was refused since it was attached. @throws IsolationError `PARACLE_ISOLATION_NOT_ATTACHED` */
  async getDenials(container: ContainerReference): Promise<DenialJournal> {
    return this.#withAttachment(container, async (attachment) => attachment.denials());
  }

  /**
   * Detaches every container, and removes every network that this isolator made, also from those that somebody else put
   * on it.
   *
   * @throws IsolationError `PARACLE_ISOLATION_CLEANUP_FAILED`; all was tried
   */
  async cleanupAll(): Promise<void> {
    await this.#cleanUp([]);
  }

  /** {@link cleanupAll}, and the end of this isolator and its guards. Where it failed, it may be called again. */
  async close(): Promise<void> {
    this.#closed ??= this.#shutDown().catch((error: unknown) => {
      this.#closed = undefined;
      throw error;
    });
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #shutDown(): Promise<void> {
    this.#stopEnforcing();
    this.#closing.abort();
    await Promise.allSettled(this.#operations.keys());
    await this.#cleanUp([...this.#posts.values()]);
    this.#events.removeAllListeners();
    if (this.#ownsEngine) await this.#engine.close();
  }

  async #cleanUp(posts: readonly GuardPost[]): Promise<void> {
    const detached = await Promise.allSettled([
      ...this.#attachments.ids().map(async (id) => this.#detach(id)),
      ...posts.map(async (post) => post.close()),
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
    throw cleanupFailed(failures);
  }

  async #attach(containerId: string, network: NetworkState, options: CallOptions): Promise<Attachment> {
    const known = this.#attachments.get(containerId);
    if (known !== undefined) throw alreadyAttached(containerId, known.networkId);
    await this.#attachments.withdrawals.finish(containerId);
    return this.#atPost(containerId, async (post) => {
      const attachment = await Attachment.make(containerId, this.#contextOf(network, post), options);
      this.#attachments.add(attachment);
      if (post.isOver) await attachment.lose();
      else await attachment.catchUp();
      return attachment;
    });
  }

  #contextOf(network: NetworkState, post: GuardPost): AttachmentContext {
    return {
      network,
      post,
      takenAddresses: () => this.#attachments.on(network.id).map(({ address }) => address),
      listHostAddresses: async (policy) => listHostAddresses(this.#engine, await this.#surveyHost(), policy),
      engine: this.#engine,
      onDenied: (id, journal) => this.#events.emit('denied', { containerId: id, ...journal }),
      onLost: async (lost, withdraw) =>
        this.#attachments.lose(lost, withdraw, (isDisconnected) => this.#tellLoss(lost, isDisconnected)),
      onReleased: (released) => this.#attachments.delete(released),
      inOrder: async (id, work) => this.#queue.run(id, work),
    };
  }

  /** No guard of ours stays in a container that we have not got: another isolator would refuse it because of that. */
  async #atPost<Result>(containerId: string, work: (post: GuardPost) => Promise<Result>): Promise<Result> {
    const post = this.#postOf(containerId);
    try {
      return await work(post);
    } catch (error) {
      await post.dismiss();
      throw error;
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
    const { containerId } = post;
    if (this.#posts.get(containerId) === post) this.#posts.delete(containerId);
    await this.#attachments
      .get(containerId)
      ?.lose()
      .catch((err: unknown) => this.#logger.error({ err, containerId }, 'a container that ended has its network yet'));
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
    await this.#queue.run(containerId, async () => this.#attachments.leave(containerId));
  }

  /** The gateway of a network that is new is the host too, where ranges are open. */
  async #closeGateway(): Promise<void> {
    const open = this.#attachments.on().filter(({ hasRanges }) => hasRanges);
    await Promise.allSettled(open.map(async (attachment) => attachment.reload()));
  }

  async #withAttachment<Result>(
    container: ContainerReference,
    work: (attachment: Attachment) => Promise<Result>,
  ): Promise<Result> {
    this.#refuseIfClosed();
    const id = await resolveContainer(this.#engine, container);
    const known = this.#attachments.get(id);
    if (known !== undefined) return work(known);
    await this.#attachments.withdrawals.finish(id);
    throw notAttached(id);
  }

  #tellLoss({ containerId, networkId }: Attachment, isDisconnected: boolean): void {
    this.#logger.warn({ containerId, networkId, isDisconnected }, 'a container lost its network');
    this.#events.emit('lost', { containerId, networkId, isDisconnected });
  }

  #ownNetwork(network: string): NetworkState {
    const found = this.#findNetwork(network);
    if (found !== undefined) return found;
    throw networkNotFound(network);
  }

  #findNetwork(network: string): NetworkState | undefined {
    return this.#networks.get(network) ?? [...this.#networks.values()].find(({ name }) => name === network);
  }

  async #surveyHost(): Promise<HostSurvey> {
    this.#survey ??= surveyHost(this.#engine, { logger: this.#logger });
    this.#survey.catch(() => {
      this.#survey = undefined;
    });
    return this.#survey;
  }

  /** What began before this was closed is waited for, and undone then. */
  async #operate<Result>(work: () => Promise<Result>, network?: NetworkState): Promise<Result> {
    this.#refuseIfClosed();
    const operation = work();
    this.#operations.set(operation, network);
    try {
      return await operation;
    } finally {
      this.#operations.delete(operation);
    }
  }

  async #settledOn(network: NetworkState): Promise<void> {
    await Promise.allSettled([...this.#operations].flatMap(([work, on]) => (on === network ? [work] : [])));
  }

  #refuseIfClosed(): void {
    if (this.#closed === undefined) return;
    throw new IsolationError(isolationErrorCodes.closed, 'The network isolator was closed');
  }
}
