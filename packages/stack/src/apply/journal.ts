import { readFile, rename, rm } from 'node:fs/promises';
import { z } from 'zod';
import type { ApplyContext } from './apply-context.js';
import type { ApplyLayout } from './apply-layout.js';
import { syncDirectory, writeNewFile, writeWholeFile } from './durable-files.js';
import type { Entry, PlannedChange } from './entry.js';
import { findPlanIssues } from './plan-issues.js';
import { readStats } from './read-entry.js';
import { ApplyJournalInvalidError } from './recover-errors.js';

const version = 1;

interface Journal {
  readonly version: typeof version;
  readonly changes: readonly PlannedChange[];
}

const digest = z.templateLiteral(['sha256:', z.string().regex(/^[0-9a-f]{64}$/u)]);
const entry: z.ZodType<Entry> = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('absent') }),
  z.strictObject({ type: z.literal('file'), mode: z.int().min(0).max(0o7777), digest }),
  z.strictObject({ type: z.literal('directory'), mode: z.int().min(0).max(0o7777) }),
  z.strictObject({ type: z.literal('symlink'), target: z.string() }),
]);
const schema: z.ZodType<Journal> = z.strictObject({
  version: z.literal(version),
  changes: z.array(z.strictObject({ path: z.string(), before: entry, after: entry })),
});

/** How far a transaction got. */
export type JournalState = 'none' | 'open' | 'committed' | 'undoing';

/** Writes down what is going to be done. */
export async function writeJournal(layout: ApplyLayout, changes: readonly PlannedChange[]): Promise<void> {
  const journal: Journal = { version, changes: changes.map(({ path, before, after }) => ({ path, before, after })) };
  await writeNewFile(layout.undoPrepared, '');
  await writeWholeFile(layout.journal, JSON.stringify(journal));
}

/** The point of no return: from here on recovery goes forward. */
export async function markCommitted(layout: ApplyLayout): Promise<void> {
  await writeNewFile(layout.committed, '');
  await syncDirectory(layout.transaction);
}

/** From here on recovery goes back. */
export async function markUndoing(layout: ApplyLayout): Promise<void> {
  if ((await readStats(layout.undoing)) === undefined) await rename(layout.undoPrepared, layout.undoing);
  await syncDirectory(layout.transaction);
}

/** How far the transaction that lies there got. */
export async function readJournalState(layout: ApplyLayout): Promise<JournalState> {
  if ((await readStats(layout.transaction)) === undefined) return 'none';
  if ((await readStats(layout.committed)) === undefined) return 'open';
  return (await readStats(layout.undoing)) === undefined ? 'committed' : 'undoing';
}

/** Links in place of our own directories would lead renames out of the workspace. */
async function layoutProblem(layout: ApplyLayout): Promise<string | undefined> {
  for (const path of [layout.transaction, layout.staged, layout.removed, layout.backups]) {
    if ((await readStats(path))?.isDirectory() !== true) return `${path} is not a directory`;
  }
  return (await readStats(layout.journal))?.isFile() === true ? undefined : 'it is not a file';
}

function planProblem(changes: readonly PlannedChange[]): string | undefined {
  const issue = findPlanIssues(changes)[0];
  if (issue !== undefined) return `the path ${JSON.stringify(issue.path)} ${issue.reason}`;
  const special = changes.find(({ after }) => after.type === 'file' && after.mode > 0o777);
  return special === undefined
    ? undefined
    : `the path ${JSON.stringify(special.path)} would get special permission bits`;
}

function parseJournal(text: string): Journal | undefined {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    // The parser's message quotes the text, which may be anything.
    return undefined;
  }
}

/** Reads the journal as if somebody else had written it: a workspace may come from anywhere. */
export async function readJournal(layout: ApplyLayout): Promise<readonly PlannedChange[]> {
  const problem = await layoutProblem(layout);
  if (problem !== undefined) throw new ApplyJournalInvalidError(layout.journal, problem);
  const journal = parseJournal(await readFile(layout.journal, 'utf8'));
  if (journal === undefined) throw new ApplyJournalInvalidError(layout.journal, 'it does not have the form of one');
  const issue = planProblem(journal.changes);
  if (issue !== undefined) throw new ApplyJournalInvalidError(layout.journal, issue);
  return journal.changes;
}

/** Removes a transaction that is over; what can't be removed is left to the next recovery. */
export async function removeEnded(context: ApplyContext): Promise<void> {
  for (const path of [context.layout.completed, context.layout.undone]) {
    try {
      await rm(path, { recursive: true, force: true });
    } catch (error) {
      context.logger?.warn({ err: error, path }, 'journal of an ended apply not removed');
    }
  }
}

/** Ends the transaction in one step. If it can't be flushed, a power cut may bring the journal back, and recovery then ends it again. */
export async function endTransaction(context: ApplyContext, outcome: 'completed' | 'undone'): Promise<void> {
  await rename(context.layout.transaction, context.layout[outcome]);
  try {
    await syncDirectory(context.layout.directory);
  } catch (error) {
    context.logger?.warn({ err: error }, 'end of an apply not flushed');
  }
}
