import {
  type CallOptions,
  type ContainerDescription,
  type Engine,
  hasCode,
  type NetworkAttachment,
} from '@paracle/core';
import type { ResolvedNetworkPolicy } from '../config/network-policy.js';
import { createExplanation } from '../denials/explain-denial.js';
import { type DenialJournal, readJournal } from '../denials/parse-denials.js';
import { isolationErrorCodes } from '../errors/isolation-error-codes.js';
import { findMemberships, listMemberships, type Membership, runtimeOf } from '../guard/check-container.js';
import type { Guard } from '../guard/guard.js';
import type { GuardPost } from '../guard/guard-post.js';
import { formatTable } from '../ruleset/compile-ruleset.js';
import { JOURNAL_SETS } from '../ruleset/denial-journal.js';
import { toPolicySteps } from '../ruleset/policy-steps.js';
import { readNftObjects } from '../ruleset/read-nft-objects.js';
import type { Canary } from './canary.js';
import { chooseAddress, networkFull } from './choose-address.js';
import { DenialLog } from './denial-log.js';
import { inspectNetwork, networkNotFound } from './describe-network.js';
import { type EnforcementProof, hashPolicy } from './enforcement-proof.js';
import { isAddressTaken, isFull, isGone } from './engine-refusals.js';
import { disconnectFailed, drift, notAttached } from './isolator-errors.js';
import { opensRanges } from './list-gateways.js';
import type { NetworkState } from './network-state.js';
import { proveRules, type Rules } from './prove-rules.js';

/** Addresses chosen at the same time by others: the engine tells, and another is chosen. */
const ADDRESS_ATTEMPTS = 20;

/** What an attachment works with. */
export interface AttachmentContext {
  readonly engine: Engine;
  readonly post: GuardPost;
  readonly network: NetworkState;
  /** Those that containers of this isolator have on the network. */
  readonly takenAddresses: () => readonly string[];
  /** Those of now that matter for a policy: the host gets another with each network. */
  readonly listHostAddresses: (policy: ResolvedNetworkPolicy) => Promise<readonly string[]>;
  /** Connecting and disconnecting one at a time: at once they can lock up engines (20.10). */
  readonly inOrder: <Result>(networkId: string, work: () => Promise<Result>) => Promise<Result>;
  readonly onDenied: (containerId: string, journal: DenialJournal) => void;
  /** Has the container lose its network, in the given way. Rejects where that has to be tried again later. */
  readonly onLost: (attachment: Attachment, withdraw: () => Promise<void>) => Promise<void>;
  readonly onReleased: (attachment: Attachment) => void;
}

/** What can't change while a container is on its network. */
interface Standing {
  readonly pid: number;
  readonly address: string;
  readonly runtime: string;
}

/** One container on a network of ours, under its policy. */
export class Attachment implements NetworkAttachment {
  readonly containerId: string;
  readonly #context: AttachmentContext;
  readonly #log = new DenialLog();
  #standing: Standing | undefined;
  #rules: Rules | undefined;
  #rulesetHash = '';
  #proof: EnforcementProof | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  /** Whether the engine has been asked to connect it. */
  #isOnItsWay = false;
  #isWithdrawn = false;

  private constructor(containerId: string, context: AttachmentContext) {
    this.containerId = containerId;
    this.#context = context;
  }

  /**
   * Puts a container on a network: first the rules, then the way. However it fails, the container is taken off the
   * network again.
   */
  static async make(containerId: string, context: AttachmentContext, options: CallOptions): Promise<Attachment> {
    const attachment = new Attachment(containerId, context);
    const preparing = context.post.prepare(options);
    if (!context.post.isPrepared) await preparing;
    preparing.catch(() => undefined);
    try {
      await attachment.#connect(preparing, options);
      return attachment;
    } catch (error) {
      // Before that there is nothing to undo.
      if (attachment.#isOnItsWay) await attachment.#giveUp(error, async () => attachment.#withdraw());
      throw error;
    }
  }

  get networkId(): string {
    return this.#context.network.id;
  }

  /** The address on the network. */
  get address(): string {
    return this.#standing?.address ?? '';
  }

  /** What was seen when the policy was last found in force. */
  get proof(): EnforcementProof {
    if (this.#proof === undefined) throw new TypeError('Expected an attachment that stands');
    return this.#proof;
  }

  /** The number of the policy that is in force. */
  get generation(): number {
    return this.#loaded().context.generation;
  }

  /** Whether whole ranges are open to it, or will be in a moment. */
  get hasRanges(): boolean {
    return [this.#loaded().policy, this.#context.network.policy].some(opensRanges);
  }

  /** Puts the network's policy of now in force; all live connections are cut. Where that fails, the network goes. */
  async reload(): Promise<void> {
    await this.#inTurn(async () => this.#renew());
  }

  /** Puts in force what changed while it was attached, and nobody told it: the policy, or the host's addresses. */
  async catchUp(): Promise<void> {
    await this.#inTurn(async () => {
      if (this.generation !== this.#context.network.generation || (await this.#isHostNew())) await this.#renew();
    });
  }

  async check(): Promise<void> {
    await this.verify();
  }

  /**
   * Looks again; what is not as it should be takes the network from the container. Rules that don't know an address that
   * the host has got meanwhile are loaded anew, which cuts no connection.
   */
  async verify(options: CallOptions = {}): Promise<EnforcementProof> {
    return this.#inTurn(async () => {
      await this.#compareWithEngine(options);
      const proof = await this.#prove();
      return (await this.#isHostNew()) ? this.#renew() : proof;
    }, options);
  }

  /** All that was refused so far; takes nothing from who asks what an execution was refused. */
  async denials(): Promise<DenialJournal> {
    await this.#tellDenials();
    return this.#log.list();
  }

  async takeDenials(): Promise<DenialJournal> {
    await this.#tellDenials();
    return this.#log.take('executions');
  }

  async #tellDenials(): Promise<void> {
    await this.#inTurn(async () => this.#readJournal());
    const journal = this.#log.take('events');
    if (journal.denials.length > 0) this.#context.onDenied(this.containerId, journal);
  }

  release(): void {
    this.#context.onReleased(this);
  }

  /** Takes the network from the container, then the rules, unless somebody put it on another network meanwhile. */
  async leave(): Promise<void> {
    await this.#withdraw();
    // Rules that are on their way must not come after those of the container's next network.
    await this.#turn;
    if ((await this.#memberships()).length === 0) await this.#context.post.unload();
  }

  /** Takes the network away because what should hold does not. The rules stay. */
  async lose(): Promise<void> {
    await this.#context.onLost(this, async () => this.#withdrawFromAll());
  }

  /** Takes the network from the container, for good. */
  async #withdraw(): Promise<void> {
    this.#isWithdrawn = true;
    try {
      await this.#disconnect(this.networkId);
    } catch (error) {
      if ((await this.#memberships()).some(({ networkId }) => networkId === this.networkId)) throw error;
    }
  }

  async #disconnect(networkId: string): Promise<void> {
    const { engine, inOrder } = this.#context;
    await inOrder(networkId, async () => engine.networks.disconnect(networkId, this.containerId));
  }

  /** Whatever else it was put on meanwhile: rules that do not hold here hold nowhere. */
  async #withdrawFromAll(): Promise<void> {
    await this.#withdraw();
    for (const { name, networkId } of await this.#memberships()) {
      if (name !== 'none') await this.#disconnect(networkId);
    }
  }

  async #connect(preparing: Promise<ContainerDescription>, options: CallOptions): Promise<void> {
    const { engine, network, inOrder } = this.#context;
    const taken = new Set(this.#context.takenAddresses());
    for (let attempt = 1; ; attempt++) {
      options.signal?.throwIfAborted();
      const address = chooseAddress(network, taken);
      // Both have ended when either has failed: what is refused has no guard that is being asked something.
      const [prepared, loaded] = await Promise.allSettled([preparing, this.#load(address)]);
      if (prepared.status === 'rejected') throw prepared.reason;
      if (loaded.status === 'rejected') throw loaded.reason;
      this.#isOnItsWay = true;
      try {
        await inOrder(network.id, async () => engine.networks.connect(network.id, this.containerId, { address }));
      } catch (error) {
        if (isFull(error)) throw networkFull(network, error);
        if (isGone(error)) throw networkNotFound(network.name, error);
        if (!isAddressTaken(error) || attempt === ADDRESS_ATTEMPTS) throw error;
        // The engine may remember as done what it refused.
        await this.#disconnect(network.id).catch(() => undefined);
        const { members } = await inspectNetwork(engine, network.id, options);
        for (const member of [address, ...members.map((other) => other.address ?? '')]) taken.add(member);
        continue;
      }
      this.#standing = { address, runtime: runtimeOf(prepared.value), pid: prepared.value.state.pid ?? 0 };
      await Promise.all([this.#compareWithEngine(), this.#prove({ needsWay: network.internal })]);
      return;
    }
  }

  async #isHostNew(): Promise<boolean> {
    const { policy, context } = this.#loaded();
    const known = new Set([...context.gateways, ...context.hostAddresses]);
    return (await this.#context.listHostAddresses(policy)).some((address) => !known.has(address));
  }

  async #renew(): Promise<EnforcementProof> {
    await this.#readJournal();
    await this.#load(this.address);
    return this.#prove();
  }

  /** Puts the network's policy of now in force for a container with this address. */
  async #load(address: string): Promise<void> {
    const { network, listHostAddresses, post } = this.#context;
    // Together, and first: rules must not have the number of a policy that comes while the host is asked for.
    const { policy, generation } = network;
    const hostAddresses = await listHostAddresses(policy);
    const context = {
      subnets: [network.subnet],
      addresses: [address],
      gateways: [network.gateway],
      hostAddresses: hostAddresses.filter((other) => other !== network.gateway),
      generation,
    };
    this.#requireStanding();
    const steps = toPolicySteps(policy, context);
    await post.load(formatTable(policy, context, steps));
    this.#rules = { policy, context, explain: createExplanation(policy, context, steps) };
    this.#rulesetHash = '';
  }

  /** The engine's side: the container that the rules are in, on this network alone, under the address that they know. */
  async #compareWithEngine(options?: CallOptions): Promise<void> {
    const { engine, network } = this.#context;
    const container = await engine.containers.inspect(this.containerId, options);
    const { pid, address } = this.#standing ?? { pid: 0, address: '' };
    const differences = [
      ...(container.state.isRunning && container.state.pid === pid ? [] : ['the container was restarted or has ended']),
      ...listMemberships(container).flatMap((member) => {
        if (member.networkId !== network.id) return [`it is on ${member.name} too`];
        return member.address === address ? [] : [`its address is ${member.address}, not ${address}`];
      }),
      ...(listMemberships(container).some(({ networkId }) => networkId === network.id)
        ? []
        : ['it has left the network']),
    ];
    if (differences.length > 0) throw drift(this, differences);
  }

  /** The kernel's side: the ruleset that was loaded, and what it does. */
  async #prove({ needsWay } = { needsWay: false }): Promise<EnforcementProof> {
    const guard = await this.#standingGuard();
    const expected = { rules: this.#loaded(), address: this.address, rulesetHash: this.#rulesetHash, needsWay };
    const seen = await proveRules(expected, async (...args) => this.#read(guard.look(...args)));
    if (seen.differences.length > 0) throw drift(this, seen.differences);
    if (this.#rulesetHash === '') this.#log.begin();
    this.#log.update(seen.journal, seen.targets);
    this.#rulesetHash = seen.rulesetHash;
    this.#proof = await this.#toProof(seen.canaries);
    return this.#proof;
  }

  async #toProof(canaries: readonly Canary[]): Promise<EnforcementProof> {
    const { policy, context } = this.#loaded();
    const { serverVersion, kernelVersion } = await this.#context.engine.capabilities();
    return {
      containerId: this.containerId,
      networkId: this.networkId,
      address: this.address,
      mechanism: 'namespace-rules',
      policyHash: hashPolicy(policy),
      rulesetHash: this.#rulesetHash,
      generation: context.generation,
      canaries,
      engineVersion: serverVersion,
      kernelVersion,
      runtime: this.#standing?.runtime ?? '',
      provenAt: new Date().toISOString(),
    };
  }

  async #readJournal(): Promise<void> {
    const guard = await this.#standingGuard();
    const { explain } = this.#loaded();
    const journals = await Promise.all(
      Object.values(JOURNAL_SETS).map(async (name) =>
        readJournal(readNftObjects(await this.#read(guard.list('set', 'inet', 'paracle', name))), explain),
      ),
    );
    this.#log.update({
      entries: journals.flatMap(({ entries }) => entries),
      isTruncated: journals.some(({ isTruncated }) => isTruncated),
    });
  }

  /** What can't be read is not in force as it was. */
  async #read(reading: Promise<string>): Promise<string> {
    try {
      return await reading;
    } catch (error) {
      if (!hasCode(error, isolationErrorCodes.guardFailed)) throw error;
      throw drift(this, ['the rules are gone, or were changed beyond reading'], error);
    }
  }

  async #standingGuard(): Promise<Guard> {
    this.#requireStanding();
    return this.#context.post.standing();
  }

  #requireStanding(): void {
    if (this.#isWithdrawn) throw notAttached(this.containerId);
  }

  #loaded(): Rules {
    if (this.#rules === undefined) throw new TypeError('Expected rules that were loaded');
    return this.#rules;
  }

  async #memberships(): Promise<readonly Membership[]> {
    return findMemberships(this.#context.engine, this.containerId);
  }

  /** Has it lose the network because of an error; where that fails too, both are told. */
  async #giveUp(error: unknown, withdraw: () => Promise<void>): Promise<never> {
    await this.#context.onLost(this, withdraw).catch((failure: unknown) => {
      throw disconnectFailed(this, new AggregateError([error, failure]));
    });
    throw error;
  }

  /** One after the other; what can't be done or seen leaves no network behind, unless it was the caller who gave up. */
  async #inTurn<Result>(work: () => Promise<Result>, { signal }: CallOptions = {}): Promise<Result> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    try {
      return await turn;
    } catch (error) {
      const isGivenUp = signal?.aborted === true && error === signal.reason;
      if (this.#isWithdrawn || isGivenUp) throw error;
      return this.#giveUp(error, async () => this.#withdrawFromAll());
    }
  }
}
