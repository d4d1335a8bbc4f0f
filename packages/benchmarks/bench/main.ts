/** Runs the benchmarks whose name holds the first argument, all without one, and prints one table. */
import { Engine } from '@paracle/core';
import { SandboxManager } from '@paracle/sandbox';
import type { Benchmark, BenchmarkContext } from './cases/benchmark-context.js';
import { coldCreate } from './cases/cold-create.js';
import { executeLatency } from './cases/execute-latency.js';
import { executeThroughput } from './cases/execute-throughput.js';
import { killTime } from './cases/kill-time.js';
import { networkAttach } from './cases/network-attach.js';
import { outputThroughput } from './cases/output-throughput.js';
import { rollback } from './cases/rollback.js';
import { createDocker } from './peers/plain-container.js';
import { formatTable } from './table/format-table.js';
import type { Row } from './table/row.js';

const BENCHMARKS: readonly Benchmark[] = [
  executeLatency,
  executeThroughput,
  coldCreate,
  networkAttach,
  outputThroughput,
  killTime,
  rollback,
];

async function main(filter: string): Promise<void> {
  const chosen = BENCHMARKS.filter(({ name }) => name.includes(filter));
  if (chosen.length === 0) {
    throw new Error(`No benchmark is called "${filter}"; there are ${BENCHMARKS.map(({ name }) => name).join(', ')}`);
  }
  await using engine = new Engine();
  await using manager = new SandboxManager({ engine });
  const { endpoint } = await engine.connect();
  if (endpoint.type !== 'socket') throw new Error('The benchmarks need an engine behind a Unix socket');
  const docker = createDocker(endpoint.path);
  const { Version } = await docker.version();
  const context: BenchmarkContext = {
    manager,
    docker,
    socketPath: endpoint.path,
    engineMajor: Number.parseInt(Version, 10),
  };
  const rows: Row[] = [];
  try {
    for (const { name, run } of chosen) {
      process.stderr.write(`${name} …\n`);
      rows.push(...(await run(context)));
    }
  } finally {
    process.stdout.write(`Engine ${Version}, Node ${process.versions.node}\n${formatTable(rows)}\n`);
  }
}

await main(process.argv[2] ?? '');
