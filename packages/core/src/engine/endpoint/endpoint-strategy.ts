import type { EngineEndpoint } from './engine-endpoint.js';

/** The surroundings a search for an engine looks at; injected, so that tests own them. */
export interface DiscoveryEnvironment {
  /** Environment variables. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** The user's home directory. */
  readonly homeDirectory: string;
  /** The operating system, as `process.platform` names it. */
  readonly platform: string;
}

/** What one way of looking found. A final endpoint was named on purpose: if it does not answer, nothing else is tried. */
export type StrategyResult =
  | { readonly status: 'found'; readonly endpoints: readonly EngineEndpoint[]; readonly isFinal: boolean }
  | { readonly status: 'skipped'; readonly reason: string };

/** One way of finding an engine. */
export interface EndpointStrategy {
  /** What it is called in messages. */
  readonly name: string;
  /** Looks; does not connect. */
  find(environment: DiscoveryEnvironment): Promise<StrategyResult>;
}
