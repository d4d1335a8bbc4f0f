import { cp, rm } from 'node:fs/promises';
import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { APPLY_STEPS } from '../../../src/apply/apply-steps.js';
import { recoverApply } from '../../../src/apply/recover-apply.js';
import { type CrashOptions, removeCrashCache, runCrashChild } from './support/crash-child.js';
import { everyKindAfter, everyKindBefore } from './support/every-kind.js';
import { makeDirectory, makeWorkspace, readTree, removeMade, sorted, type Tree, toChanges } from './support/tree.js';

jest.setTimeout(240_000);

const changes = toChanges(everyKindBefore, everyKindAfter);
const reached = new Set<string>();
const parallel = 4;

/** The last `edited.txt` is placed late; a user who edits it once the first entry is placed makes the apply turn back. */
const sabotage = { step: 'entry-placed', path: 'kept/edited.txt', text: 'edited by the user' };
const sabotagedBefore: Tree = {
  ...everyKindBefore,
  'kept/edited.txt': { type: 'file', text: sabotage.text, mode: 0o644 },
};

afterAll(removeCrashCache);
afterAll(removeMade);

async function forEachParallel(stops: readonly number[], action: (stopAt: number) => Promise<void>): Promise<void> {
  const queue = [...stops];
  const work = async (): Promise<void> => {
    for (let stop = queue.shift(); stop !== undefined; stop = queue.shift()) await action(stop);
  };
  const results = await Promise.allSettled(Array.from({ length: parallel }, work));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

/** The numbers of the first and the last step of each name: what comes between repeats them for another path. */
function toStops(steps: readonly string[]): readonly number[] {
  const stops = APPLY_STEPS.flatMap((step) => [steps.indexOf(step), steps.lastIndexOf(step)]);
  return [...new Set(stops)].filter((stop) => stop >= 0);
}

/** Kills a child at its n-th step, recovers, and looks at what is left. */
async function crashAt(
  stopAt: number,
  base: Omit<CrashOptions, 'workspace' | 'stopAt'>,
  start: string,
): Promise<{ step: string; outcome: string; tree: Tree }> {
  const workspace = await makeDirectory();
  await cp(start, workspace, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
  const lines = await runCrashChild({ ...base, workspace, stopAt });
  expect(lines.at(-1)).toBe('stopped');
  const step = lines.at(-2) ?? '';
  reached.add(step);
  const outcome = await recoverApply(workspace);
  const tree = await readTree(workspace);
  await expect(recoverApply(workspace)).resolves.toBe('nothing');
  await rm(workspace, { recursive: true });
  return { step, outcome, tree };
}

/** The steps that a run takes when nobody stops it, and the workspace that it leaves. */
async function runThrough(
  base: Omit<CrashOptions, 'workspace' | 'stopAt'>,
  start: string,
  stopAt?: number,
): Promise<{ steps: readonly string[]; workspace: string }> {
  const workspace = await makeDirectory();
  await cp(start, workspace, { recursive: true, verbatimSymlinks: true });
  const lines = await runCrashChild({ ...base, workspace, stopAt });
  return { steps: lines.filter((line) => APPLY_STEPS.some((step) => step === line)), workspace };
}

describe('apply killed with SIGKILL', () => {
  it('is thrown away up to the journal and completed from the commit point on, at every step', async () => {
    const start = await makeWorkspace(everyKindBefore);
    const base = { action: 'apply', changes, tree: everyKindAfter } as const;
    const { steps, workspace } = await runThrough(base, start);
    expect(await readTree(workspace)).toEqual(sorted(everyKindAfter));
    const committedAt = steps.indexOf('committed');
    expect(committedAt).toBeGreaterThan(0);
    await forEachParallel(toStops(steps), async (stopAt) => {
      const { step, outcome, tree } = await crashAt(stopAt, base, start);
      const isNew = stopAt >= committedAt;
      const nothingLeft = step === 'locked' || step === 'checked' || step === 'cleaned';
      expect({ step, outcome, tree }).toEqual({
        step,
        outcome: nothingLeft ? 'nothing' : isNew ? 'completed' : 'undone',
        tree: sorted(isNew ? everyKindAfter : everyKindBefore),
      });
    });
  });

  it('is undone when it was turning back from a conflict, at every step', async () => {
    const start = await makeWorkspace(everyKindBefore);
    const base = { action: 'apply', changes, tree: everyKindAfter, sabotage } as const;
    const { steps, workspace } = await runThrough(base, start);
    expect(await readTree(workspace)).toEqual(sorted(sabotagedBefore));
    const undoAt = steps.indexOf('undo-started');
    expect(undoAt).toBeGreaterThan(0);
    await forEachParallel(
      toStops(steps).filter((stop) => stop >= undoAt),
      async (stopAt) => {
        const { step, tree } = await crashAt(stopAt, base, start);
        expect({ step, tree }).toEqual({ step, tree: sorted(sabotagedBefore) });
      },
    );
  });
});

describe('recovery killed with SIGKILL', () => {
  it('is completed by the next one, at every step', async () => {
    const before = await makeWorkspace(everyKindBefore);
    const base = { action: 'apply', changes, tree: everyKindAfter } as const;
    const { steps } = await runThrough(base, before);
    const crashed = await runThrough(base, before, steps.indexOf('entry-placed') + 2);
    const recovery = await runThrough({ action: 'recover' }, crashed.workspace);
    expect(await readTree(recovery.workspace)).toEqual(sorted(everyKindAfter));
    await forEachParallel(toStops(recovery.steps), async (stopAt) => {
      const { step, tree } = await crashAt(stopAt, { action: 'recover' }, crashed.workspace);
      expect({ step, tree }).toEqual({ step, tree: sorted(everyKindAfter) });
    });
  });

  it('undoes what was being undone, at every step', async () => {
    const before = await makeWorkspace(everyKindBefore);
    const base = { action: 'apply', changes, tree: everyKindAfter, sabotage } as const;
    const { steps } = await runThrough(base, before);
    const crashed = await runThrough(base, before, steps.indexOf('undo-started') + 3);
    const recovery = await runThrough({ action: 'recover' }, crashed.workspace);
    await forEachParallel(toStops(recovery.steps), async (stopAt) => {
      const { step, tree } = await crashAt(stopAt, { action: 'recover' }, crashed.workspace);
      expect({ step, tree }).toEqual({ step, tree: sorted(sabotagedBefore) });
    });
  });
});

it.each(APPLY_STEPS)('was killed at the step %s', (step) => {
  expect(reached).toContain(step);
});
