import type { SandboxManager } from '@paracle/sandbox';
import type Docker from 'dockerode';
import type { Row } from '../table/row.js';

/** Both sides, on the same engine. */
export interface BenchmarkContext {
  readonly manager: SandboxManager;
  readonly docker: Docker;
  readonly socketPath: string;
  /** Version of the engine: some targets differ. */
  readonly engineMajor: number;
}

/** One benchmark. */
export interface Benchmark {
  /** What the filter is matched with. */
  readonly name: string;
  readonly run: (context: BenchmarkContext) => Promise<readonly Row[]>;
}
