import type { CallOptions } from '../engine/connection/call-options.js';

/** Something that a network policy refused. */
export interface NetworkDenial {
  readonly address: string;
  /** `tcp`, `udp`, `icmp`, …; a number where it has no common name. */
  readonly protocol: string;
  /** Absent where the protocol has none. */
  readonly port?: number;
  /** Packets refused; a TCP connection is one. */
  readonly count: number;
  /** Why, in one word, such as `internet` or `metadata`. */
  readonly reason: string;
  /** The smallest change of the policy that would have allowed it; absent where no addition would. */
  readonly suggestion?: object;
}

/** What a network policy refused, as far as it was kept. */
export interface NetworkDenials {
  readonly denials: readonly NetworkDenial[];
  /** Whether more may have been refused than was kept. */
  readonly isTruncated: boolean;
}

/** A container on a network whose policy is enforced. */
export interface NetworkAttachment {
  readonly networkId: string;
  /** What was refused since this was last called. */
  takeDenials(options?: CallOptions): Promise<NetworkDenials>;
  /** Looks again whether the rules are in force; where they are not, the container loses the network and this rejects. */
  check(options?: CallOptions): Promise<void>;
  /** The container is about to be removed: it loses the network with that, and nobody need be told. */
  release(): void;
}

/** What enforces the policies of an engine's networks; `NetworkIsolator` of `@paracle/isolation` is one. */
export interface NetworkEnforcer {
  /** Whether it enforces the policy of a network, by its id or name. */
  enforces(network: string): boolean;
  /** Puts a container that has no network on one. Resolves once the policy is in force. */
  attach(containerId: string, network: string, options?: CallOptions): Promise<NetworkAttachment>;
}

/** Where siblings meet over the networks of one engine's containers: one enforces, others ask. */
export class NetworkAttachments {
  readonly #attachments = new Map<string, NetworkAttachment>();
  readonly #enforcers: NetworkEnforcer[] = [];

  /** What enforces the policy of a network, by its id or name. */
  enforcerOf(network: string): NetworkEnforcer | undefined {
    return this.#enforcers.find((enforcer) => enforcer.enforces(network));
  }

  /** Makes an enforcer known until the returned function is called. */
  enforceBy(enforcer: NetworkEnforcer): () => void {
    this.#enforcers.push(enforcer);
    return () => {
      const index = this.#enforcers.indexOf(enforcer);
      if (index >= 0) this.#enforcers.splice(index, 1);
    };
  }

  /** The attachment of a container; absent where none is enforced from this process. */
  get(containerId: string): NetworkAttachment | undefined {
    return this.#attachments.get(containerId);
  }

  /** Makes an attachment known until the returned function is called. */
  register(containerId: string, attachment: NetworkAttachment): () => void {
    this.#attachments.set(containerId, attachment);
    return () => {
      if (this.#attachments.get(containerId) === attachment) this.#attachments.delete(containerId);
    };
  }
}
