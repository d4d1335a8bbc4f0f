import { median, percentile } from '../measure/percentile.js';
import { timeMs } from '../measure/time.js';
import { execToEnd, LIMITS, startPlainContainer } from '../peers/plain-container.js';
import { formatMs, formatRatio } from '../table/format-quantity.js';
import type { Row } from '../table/row.js';
import type { Benchmark, BenchmarkContext } from './benchmark-context.js';

const ROUNDS = 60;
const OURS_PER_ROUND = 10;
const WARM_UP = 30;
const TARGET_MS = 3;
const TARGET_RATIO = 20;
const COMMAND = ['/bin/true'];

async function run({ manager, docker }: BenchmarkContext): Promise<readonly Row[]> {
  await using sandbox = await manager.create(LIMITS);
  const container = await startPlainContainer(docker);
  const ours: number[] = [];
  const theirs: number[] = [];
  try {
    for (let i = 0; i < WARM_UP; i++) await sandbox.execute(COMMAND);
    await execToEnd(container, COMMAND);
    for (let round = 0; round < ROUNDS; round++) {
      theirs.push(await timeMs(() => execToEnd(container, COMMAND)));
      for (let i = 0; i < OURS_PER_ROUND; i++) ours.push(await timeMs(() => sandbox.execute(COMMAND)));
    }
  } finally {
    await container.remove({ force: true });
  }
  return [0.5, 0.99].map((share) => {
    const row = {
      what: `execute /bin/true vs dockerode exec, p${share * 100}`,
      ours: formatMs(percentile(ours, share)),
      other: formatMs(percentile(theirs, share)),
      ratio: formatRatio(percentile(theirs, share) / percentile(ours, share)),
    };
    if (share !== 0.5) return { ...row, target: '' };
    const isMet = median(ours) <= TARGET_MS && median(theirs) / median(ours) >= TARGET_RATIO;
    return { ...row, target: `<= ${TARGET_MS} ms, >= ${TARGET_RATIO} x`, isMet };
  });
}

/** How long one small command takes. */
export const executeLatency: Benchmark = { name: 'execute', run };
