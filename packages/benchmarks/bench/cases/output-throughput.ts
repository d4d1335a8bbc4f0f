import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { median } from '../measure/percentile.js';
import type { RssSample } from '../measure/sample-rss.js';
import { formatRatio } from '../table/format-quantity.js';
import type { Row } from '../table/row.js';
import type { Benchmark, BenchmarkContext } from './benchmark-context.js';

const BYTES = 1024 * 1024 * 1024;
const MEGABYTE = 1e6;
const PAIRS = 5;
const TARGET_RATIO = 0.9;
const TARGET_GROWTH_BYTES = 50 * MEGABYTE;

async function measure(side: 'ours' | 'theirs', socketPath: string): Promise<RssSample> {
  const child = fileURLToPath(new URL('../output-child.js', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [child, side, socketPath, String(BYTES)]);
  return JSON.parse(stdout) as RssSample;
}

async function run({ socketPath }: BenchmarkContext): Promise<readonly Row[]> {
  const ours: RssSample[] = [];
  const theirs: RssSample[] = [];
  for (let pair = 0; pair < PAIRS; pair++) {
    theirs.push(await measure('theirs', socketPath));
    ours.push(await measure('ours', socketPath));
  }
  const rate = (samples: readonly RssSample[]): number =>
    BYTES / MEGABYTE / (median(samples.map(({ durationMs }) => durationMs)) / 1000);
  const growth = (samples: readonly RssSample[]): number => Math.max(...samples.map(({ growthBytes }) => growthBytes));
  const ratio = rate(ours) / rate(theirs);
  return [
    {
      what: '1 GiB of output vs dockerode exec',
      ours: `${rate(ours).toFixed(0)} MB/s`,
      other: `${rate(theirs).toFixed(0)} MB/s`,
      ratio: formatRatio(ratio),
      target: `>= ${TARGET_RATIO} x`,
      isMet: ratio >= TARGET_RATIO,
    },
    {
      what: `growth of the controller meanwhile, worst of ${PAIRS}`,
      ours: `${(growth(ours) / MEGABYTE).toFixed(0)} MB`,
      other: `${(growth(theirs) / MEGABYTE).toFixed(0)} MB`,
      ratio: formatRatio(growth(ours) / growth(theirs)),
      target: '< 50 MB',
      isMet: growth(ours) < TARGET_GROWTH_BYTES,
    },
  ];
}

/** How fast a command may talk, and what that costs its controller. */
export const outputThroughput: Benchmark = { name: 'output', run };
