import { performance } from 'node:perf_hooks';
import { LIMITS } from '../peers/plain-container.js';
import type { Row } from '../table/row.js';
import type { Benchmark, BenchmarkContext } from './benchmark-context.js';

const SANDBOXES = 8;
const DURATION_MS = 5000;
const TARGET_PER_SECOND = 500;

async function run({ manager }: BenchmarkContext): Promise<readonly Row[]> {
  const sandboxes = await Promise.all(Array.from({ length: SANDBOXES }, () => manager.create(LIMITS)));
  let count = 0;
  const start = performance.now();
  try {
    await Promise.all(
      sandboxes.map(async (sandbox) => {
        for (; performance.now() - start < DURATION_MS; count++) await sandbox.execute(['/bin/true']);
      }),
    );
  } finally {
    await Promise.all(sandboxes.map((sandbox) => sandbox.destroy()));
  }
  const perSecond = (count * 1000) / DURATION_MS;
  return [
    {
      what: `executions a second, ${SANDBOXES} sandboxes`,
      ours: `${perSecond.toFixed(0)}/s`,
      other: '',
      ratio: '',
      target: `>= ${TARGET_PER_SECOND}/s`,
      isMet: perSecond >= TARGET_PER_SECOND,
    },
  ];
}

/** How many small commands one controller gets through. */
export const executeThroughput: Benchmark = { name: 'throughput', run };
