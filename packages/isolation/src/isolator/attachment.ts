import { setTimeout as delay } from 'node:timers/promises';
import {
  type CallOptions,
  type ContainerDescription,
  coreErrorCodes,
  type Engine,
  hasCode,
  type Logger,
  type NetworkAttachment,
} from '@paracle/core';
import type { ResolvedNetworkPolicy } from '../config/network-policy.js';
import type { Denial } from '../denials/denial.js';
import { createExplanation, type ExplainDenial } from '../denials/explain-denial.js';
import { explainDenials } from '../denials/parse-denials.js';
import { isolationErrorCodes } from '../errors/isolation-error-codes.js';
import { IsolationError } from '../errors/isolation-errors.js';
import { listMemberships, runtimeOf } from '../guard/check-container.js';
import type { Guard } from '../guard/guard.js';
import type { GuardPost } from '../guard/guard-post.js';
import { RESOLVER } from '../ruleset/base-chains.js';
import { formatTable } from '../ruleset/compile-ruleset.js';
import { JOURNAL_SETS } from '../ruleset/denial-journal.js';
import { hashRuleset } from '../ruleset/hash-ruleset.js';
import { toPolicySteps } from '../ruleset/policy-steps.js';
import type { ResolvedRulesetContext } from '../ruleset/ruleset-context.js';
import { type Canary, type CanaryTarget, chooseCanaries, parseCanaries } from './canary.js';
import { chooseAddress, networkFull } from './choose-address.js';
import { DenialLog } from './denial-log.js';
import { type EnforcementProof, hashPolicy } from './enforcement-proof.js';
import type { NetworkState } from './network-state.js';

const TABLE = ['table', 'inet', 'paracle'] as const;

/** Addresses chosen at the same time by others: the engine tells, and another is chosen. */
const ADDRESS_ATTEMPTS = 20;

const RETRY_MS = 200;

/** Of an engine that does not answer. */
const AWAY = [coreErrorCodes.engineNotAvailable, coreErrorCodes.engineConnectionLost, coreErrorCodes.engineTimeout];

/** What an attachment works with. */
export interface AttachmentContext {
  readonly engine: Engine;
  readonly logger: Logger;
  readonly post: GuardPost;
  readonly network: NetworkState;
  readonly hostAddresses: readonly string[];
  /** Ends the attempts to reach an engine that is away. */
  readonly closing: AbortSignal;
  readonly onDenied: (containerId: string, denials: readonly Denial[]) => void;
  /** The container has no network any more: it ended, was restarted, or its rules had been changed. */
  readonly onLost: (attachment: Attachment, withdrawal: Promise<void>) => void;
  readonly detach: (containerId: string) => Promise<void>;
}

/** What can't change while a container is on its network. */
interface Standing {
  readonly pid: number;
  readonly address: string;
  readonly runtime: string;
}

/** What was loaded last. */
interface Rules {
  readonly policy: ResolvedNetworkPolicy;
  readonly context: ResolvedRulesetContext;
  readonly explain: ExplainDenial;
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
  #isWithdrawn = false;

  private constructor(containerId: string, context: AttachmentContext) {
    this.containerId = containerId;
    this.#context = context;
  }

  /**
   * Puts a container on a network: first the rules, then the way. However it fails, the container ends up without a
   * network.
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
      await attachment.withdraw();
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

  /** Whether the network's policy was changed after the rules were loaded. */
  get isOutdated(): boolean {
    return this.#loaded().context.generation !== this.#context.network.generation;
  }

  /** Puts the network's policy of now in force; all live connections are cut. Where that fails, the network goes. */
  async reload(): Promise<void> {
    await this.#inTurn(async () => {
      await this.#readJournal();
      await this.#load(this.address);
      await this.#prove();
    });
  }

  async check(): Promise<void> {
    await this.verify();
  }

  /** Looks again; what is not as it should be takes the network from the container. */
  async verify(options: CallOptions = {}): Promise<EnforcementProof> {
    return this.#inTurn(async () => {
      await this.#compareWithEngine(options);
      return this.#prove();
    });
  }

  /** All that was refused so far. */
  async denials(): Promise<readonly Denial[]> {
    await this.takeDenials();
    return this.#log.list();
  }

  async takeDenials(): Promise<readonly Denial[]> {
    await this.#inTurn(() => this.#readJournal());
    const denials = this.#log.take();
    if (denials.length > 0) this.#context.onDenied(this.containerId, denials);
    return denials;
  }

  async detach(): Promise<void> {
    await this.#context.detach(this.containerId);
  }

  /** Takes the network from the container, then the rules. */
  async leave(): Promise<void> {
    await this.withdraw();
    await this.#context.post.unload();
  }

  /** Takes the network from the container, for good. The rules stay. */
  async withdraw(): Promise<void> {
    this.#isWithdrawn = true;
    const { engine, network } = this.#context;
    try {
      await engine.networks.disconnect(network.id, this.containerId);
    } catch (error) {
      if (!(await this.#isOffNetwork())) throw error;
    }
  }

  /** An engine that is restarted has ended the container, and would connect it again at its next start. */
  async #withdrawOnceReachable(): Promise<void> {
    const { closing } = this.#context;
    for (;;) {
      try {
        await this.withdraw();
        return;
      } catch (error) {
        if (closing.aborted || !AWAY.some((code) => hasCode(error, code))) throw error;
        await delay(RETRY_MS, undefined, { signal: closing }).catch(() => undefined);
      }
    }
  }

  async #connect(preparing: Promise<ContainerDescription>, options: CallOptions): Promise<void> {
    const { engine, network } = this.#context;
    const taken = new Set<string>();
    for (let attempt = 1; ; attempt++) {
      options.signal?.throwIfAborted();
      const address = chooseAddress(network, taken);
      const [container] = await Promise.all([preparing, this.#load(address)]);
      try {
        await engine.networks.connect(network.id, this.containerId, { address });
      } catch (error) {
        if (isFull(error)) throw networkFull(network, error);
        if (!isAddressTaken(error) || attempt === ADDRESS_ATTEMPTS) throw error;
        const { members } = await engine.networks.inspect(network.id, options);
        for (const member of [address, ...members.map((other) => other.address ?? '')]) taken.add(member);
        continue;
      }
      this.#standing = { address, runtime: runtimeOf(container), pid: container.state.pid ?? 0 };
      await Promise.all([this.#compareWithEngine(), this.#prove()]);
      return;
    }
  }

  /** Puts the network's policy of now in force for a container with this address. */
  async #load(address: string): Promise<void> {
    const { network, hostAddresses, post } = this.#context;
    const { policy, generation } = network;
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
    if (differences.length > 0) throw this.#drift(differences);
  }

  /** The kernel's side: the ruleset that was loaded, and what it does. */
  async #prove(): Promise<EnforcementProof> {
    const guard = await this.#standingGuard();
    const isFirst = this.#rulesetHash === '';
    const rules = this.#loaded();
    const { onLink, others } = chooseCanaries(rules);
    // The resolver is asked once: its port in the journal is another one, so that later looks could not be told apart.
    const targets = [...onLink.filter(({ address }) => isFirst || address !== RESOLVER), ...others];
    const canaries = await sendCanaries(guard, targets);
    const table = await guard.list(...TABLE);
    const hash = hashRuleset(table);
    const { denials } = explainDenials(table, rules.explain);
    const differences = [
      ...canaries.filter(({ errno }) => errno === 0).map(({ address, port }) => `${address}:${port} can be reached`),
      ...(isFirst ? onLink.filter((canary) => !hasEntry(denials, canary)) : []).map(
        ({ address, port }) => `${address}:${port} was not refused by the rules`,
      ),
      ...(isFirst || hash === this.#rulesetHash ? [] : ['the rules were changed']),
    ];
    if (differences.length > 0) throw this.#drift(differences);
    this.#rulesetHash = hash;
    if (isFirst) this.#log.begin(denials);
    else this.#log.update(denials, targets);
    this.#proof = await this.#toProof(canaries);
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
        explainDenials(await guard.list('set', 'inet', 'paracle', name), explain),
      ),
    );
    this.#log.update(journals.flatMap(({ denials }) => denials));
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

  async #isOffNetwork(): Promise<boolean> {
    const { engine, network } = this.#context;
    try {
      const container = await engine.containers.inspect(this.containerId);
      return !listMemberships(container).some(({ networkId }) => networkId === network.id);
    } catch (error) {
      return hasCode(error, coreErrorCodes.engineContainerNotFound);
    }
  }

  /** Takes the network away because what should hold does not. */
  async lose(): Promise<void> {
    const withdrawal = this.#withdrawOnceReachable();
    this.#context.onLost(this, withdrawal);
    await withdrawal.catch((err: unknown) => {
      this.#context.logger.error(
        { err, containerId: this.containerId },
        'a network without rules could not be taken away',
      );
    });
  }

  /** One after the other; what can't be done or seen leaves no network behind. */
  async #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    try {
      return await turn;
    } catch (error) {
      if (this.#isWithdrawn) throw error;
      await this.lose();
      throw error;
    }
  }

  #drift(differences: readonly string[]): IsolationError {
    return new IsolationError(
      isolationErrorCodes.drift,
      `The policy is not in force for container ${this.containerId.slice(0, 12)}: ${differences.join('; ')}`,
      {
        details: { containerId: this.containerId, networkId: this.networkId, differences },
        suggestion: 'The network was taken from the container. Find out who changed it, then attach it again.',
      },
    );
  }
}

/** The error for a container that is on no network of this isolator. */
export function notAttached(containerId: string): IsolationError {
  return new IsolationError(
    isolationErrorCodes.notAttached,
    `Container ${containerId.slice(0, 12)} is on no network of this isolator`,
    { details: { containerId } },
  );
}

async function sendCanaries(guard: Guard, targets: readonly CanaryTarget[]): Promise<readonly Canary[]> {
  if (targets.length === 0) return [];
  return parseCanaries(await guard.look('connect', ...targets.flatMap(({ address, port }) => [address, String(port)])));
}

/** By address alone for the resolver, whose real port is set before the rules see the packet. */
function hasEntry(denials: readonly Denial[], { address, port }: CanaryTarget): boolean {
  return denials.some((denial) => denial.address === address && (address === RESOLVER || denial.port === port));
}

function isAddressTaken(error: unknown): boolean {
  return hasCode(error, coreErrorCodes.engineResponse) && /address already in use/iu.test(error.message);
}

function isFull(error: unknown): boolean {
  return hasCode(error, coreErrorCodes.engineResponse) && /no available.*address/iu.test(error.message);
}
