import { median } from '../measure/percentile.js';
import { timeMs } from '../measure/time.js';
import { LIMITS, startPlainContainer } from '../peers/plain-container.js';
import { formatMs, formatRatio } from '../table/format-quantity.js';
import type { Row } from '../table/row.js';
import type { Benchmark, BenchmarkContext } from './benchmark-context.js';

const PAIRS = 20;
const NEWER_ENGINE = 26;

interface Samples {
  readonly create: number[];
  readonly destroy: number[];
}

async function cycleOurs({ manager }: BenchmarkContext, samples: Samples): Promise<void> {
  const holder: { destroy?: () => Promise<void> } = {};
  const createMs = await timeMs(async () => {
    const sandbox = await manager.create(LIMITS);
    holder.destroy = () => sandbox.destroy();
    await sandbox.execute(['/bin/true']);
  });
  samples.create.push(createMs);
  samples.destroy.push(await timeMs(async () => holder.destroy?.()));
}

async function cycleTheirs({ docker }: BenchmarkContext, samples: Samples): Promise<void> {
  const holder: { remove?: () => Promise<unknown> } = {};
  const createMs = await timeMs(async () => {
    const container = await startPlainContainer(docker);
    holder.remove = () => container.remove({ force: true });
  });
  samples.create.push(createMs);
  samples.destroy.push(await timeMs(async () => holder.remove?.()));
}

async function run(context: BenchmarkContext): Promise<readonly Row[]> {
  const ours: Samples = { create: [], destroy: [] };
  const theirs: Samples = { create: [], destroy: [] };
  // What happens once per engine and process is not part of it.
  await cycleOurs(context, { create: [], destroy: [] });
  await cycleTheirs(context, { create: [], destroy: [] });
  for (let pair = 0; pair < PAIRS; pair++) {
    const order = pair % 2 === 0 ? [cycleOurs, cycleTheirs] : [cycleTheirs, cycleOurs];
    for (const cycle of order) await cycle(context, cycle === cycleOurs ? ours : theirs);
  }
  const target = context.engineMajor >= NEWER_ENGINE ? 1.25 : 1.15;
  const toRow = (what: string, key: keyof Samples): Row => ({
    what,
    ours: formatMs(median(ours[key])),
    other: formatMs(median(theirs[key])),
    ratio: formatRatio(median(ours[key]) / median(theirs[key])),
    target: '',
  });
  return [
    {
      ...toRow('cold create to first answer vs create + start', 'create'),
      target: `<= ${target} x`,
      isMet: median(ours.create) / median(theirs.create) <= target,
    },
    toRow('destroy vs remove -f', 'destroy'),
  ];
}

/** How long it takes until a new sandbox has done something. */
export const coldCreate: Benchmark = { name: 'create', run };
