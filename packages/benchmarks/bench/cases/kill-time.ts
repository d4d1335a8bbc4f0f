import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { Sandbox } from '@paracle/sandbox';
import { median } from '../measure/percentile.js';
import { LIMITS } from '../peers/plain-container.js';
import { formatMs } from '../table/format-quantity.js';
import type { Row } from '../table/row.js';
import type { Benchmark, BenchmarkContext } from './benchmark-context.js';

/** All of it ignores TERM, so that the grace period is always used up. */
const GRACE_MS = 100;

/** Goes on where forks fail, as a shell does not. */
const FORK_BOMB = 'import os\nwhile True:\n  try: os.fork()\n  except OSError: pass';

interface Victim {
  readonly name: string;
  readonly script: string;
  /** Processes to wait for before the end is ordered. */
  readonly pids: number;
  readonly runs: number;
  readonly targetMs: number;
}

const VICTIMS: readonly Victim[] = [
  { name: 'plain', script: 'sleep 1000', pids: 4, runs: 20, targetMs: 250 },
  {
    name: 'setsid',
    script: 'setsid sleep 1000 & setsid setsid sleep 1000 & sleep 1000',
    pids: 6,
    runs: 20,
    targetMs: 250,
  },
  { name: 'fork bomb', script: `exec python3 -c '${FORK_BOMB}'`, pids: LIMITS.pidsLimit - 6, runs: 5, targetMs: 5000 },
];

async function awaitPids(sandbox: Sandbox, pids: number): Promise<void> {
  const end = performance.now() + 30_000;
  while (((await sandbox.getStats()).pids ?? 0) < pids) {
    if (performance.now() > end) throw new Error(`Expected ${pids} processes within 30 s`);
    await delay(5);
  }
}

/** Milliseconds from the end of the grace period until nothing is left. */
async function killOnce(sandbox: Sandbox, victim: Victim): Promise<number> {
  const execution = sandbox.start(['sh', '-c', `trap '' TERM; ${victim.script}`], { killGraceMs: GRACE_MS });
  execution.skipOutput();
  await awaitPids(sandbox, victim.pids);
  const start = performance.now();
  execution.cancel();
  await execution.result.catch(() => undefined);
  return performance.now() - start - GRACE_MS;
}

async function run({ manager }: BenchmarkContext): Promise<readonly Row[]> {
  await using sandbox = await manager.create(LIMITS);
  const rows: Row[] = [];
  for (const victim of VICTIMS) {
    const samples: number[] = [];
    for (let i = 0; i < victim.runs; i++) samples.push(await killOnce(sandbox, victim));
    const worst = Math.max(...samples);
    rows.push({
      what: `kill after the grace period: ${victim.name}, median / worst`,
      ours: `${formatMs(median(samples))} / ${formatMs(worst)}`,
      other: '',
      ratio: '',
      target: `<= ${victim.targetMs} ms`,
      isMet: worst <= victim.targetMs,
    });
  }
  return rows;
}

/** How long what must end lives on. */
export const killTime: Benchmark = { name: 'kill', run };
