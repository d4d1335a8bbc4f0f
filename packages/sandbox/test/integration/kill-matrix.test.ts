import { expect, it } from '@jest/globals';
import { scaled } from '@paracle/test-support';
import { type ExecutionResult, ExecutionTimeoutError, type Sandbox, SandboxManager } from '../../src/index.js';
import { recordFigures } from './support/figures.js';
import { Neighbour } from './support/neighbour.js';
import { listProcesses } from './support/processes.js';

/** Where the machine is too slow for a case to stand by then, the time is doubled. */
const FIRST_TIMEOUT_MS = 150;
const GRACE_MS = 50;
const RUNS = scaled(200);

interface Case {
  readonly title: string;
  /** Prints `ready` once it stands. */
  readonly program: readonly string[];
  /** The promise, in milliseconds after the grace period; four times as much fails the test. */
  readonly endsWithinMs: number;
}

const shell = (line: string): readonly string[] => ['sh', '-c', line];
const python = (...lines: readonly string[]): readonly string[] => ['python3', '-Sc', lines.join('\n')];

const cases: readonly Case[] = [
  { title: 'a plain child', program: shell('sleep 900 & echo ready; wait'), endsWithinMs: 250 },
  { title: 'a grandchild', program: shell('sh -c "sleep 900 & echo ready; wait" & wait'), endsWithinMs: 250 },
  { title: 'a session of its own', program: shell('setsid sleep 900 & echo ready; wait'), endsWithinMs: 250 },
  {
    title: 'a double fork with wiped environment and closed descriptors',
    program: python(
      'import os, time',
      'if os.fork() == 0:',
      '    os.setsid()',
      '    if os.fork() > 0: os._exit(0)',
      '    os.environ.clear()',
      '    os.chdir("/")',
      '    os.write(1, b"ready")',
      '    os.closerange(0, 256)',
      '    os.execve("/bin/sleep", ["daemon", "900"], {})',
      'os.wait()',
      'time.sleep(900)',
    ),
    endsWithinMs: 250,
  },
  {
    title: 'processes that ignore TERM',
    program: shell('trap "" TERM HUP INT QUIT; sleep 900 & setsid sleep 901 & echo ready; while :; do wait; done'),
    endsWithinMs: 250,
  },
  {
    title: 'stopped processes',
    program: shell(
      'sleep 900 & kill -STOP $!; sh -c "trap \\"\\" TERM; kill -STOP \\$\\$" & echo ready; kill -STOP $$',
    ),
    endsWithinMs: 250,
  },
  {
    title: 'a fork bomb at the pids limit',
    program: python(
      'import os, signal',
      'signal.signal(signal.SIGTERM, signal.SIG_IGN)',
      'said = False',
      'while True:',
      '    try: os.fork()',
      '    except OSError:',
      '        if not said: os.write(1, b"ready")',
      '        said = True',
    ),
    endsWithinMs: 5000,
  },
];

/** One run to its time-out; undefined where the case did not stand by then. */
async function runOnce(
  sandbox: Sandbox,
  program: readonly string[],
  timeoutMs: number,
): Promise<ExecutionResult | undefined> {
  if (timeoutMs > 60_000) throw new Error(`Expected ${program.join(' ')} to stand within a minute`);
  const options = { timeoutSeconds: timeoutMs / 1000, killGraceMs: GRACE_MS };
  const error: unknown = await sandbox.execute(program, options).catch((thrown: unknown) => thrown);
  if (!(error instanceof ExecutionTimeoutError))
    throw new Error(`Expected a time-out of ${program.join(' ')}`, { cause: error });
  return error.result.stdout.includes('ready') ? error.result : undefined;
}

it.each(cases)(
  'leaves nothing of $title behind, however often, and disturbs nobody else',
  async ({ title, program, endsWithinMs }) => {
    await using manager = new SandboxManager();
    await using sandbox = await manager.create();
    await using neighbour = await Neighbour.start(sandbox);
    const before = await listProcesses(sandbox);
    const late: number[] = [];
    for (let timeoutMs = FIRST_TIMEOUT_MS; late.length < RUNS; ) {
      const result = await runOnce(sandbox, program, timeoutMs);
      // The same processes with the same start times: PID 1 and the neighbour with its keeper.
      expect(await listProcesses(sandbox)).toEqual(before.map((seen) => ({ ...seen, state: expect.any(String) })));
      if (result === undefined) {
        timeoutMs *= 2;
        continue;
      }
      expect(result.survivorCount).toBe(0);
      late.push((result.usage?.durationMs ?? Number.NaN) - timeoutMs - GRACE_MS);
    }
    await neighbour.goesOn();
    expect(before.map(({ pid }) => pid)).toEqual(expect.arrayContaining([1, await neighbour.pid]));
    expect(neighbour.isInOrder).toBe(true);
    expect(Math.max(...late)).toBeLessThan(4 * endsWithinMs);
    recordFigures(`kill ${title}: ms after the grace period`, late);
  },
  1_800_000,
);
