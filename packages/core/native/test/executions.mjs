/** Executions, as the behaviours of the supervisor are told by them. */
import assert from 'node:assert/strict';
import { execute, TYPE } from './frames.mjs';

export const EXITED = { code: 1, signal: 2, bySupervisor: 4, background: 16 };
export const CAUSE = { timeout: 1, aborted: 2, rolledBack: 3 };

let lastId = 0;

export async function run(client, argv, options) {
  const id = start(client, argv, options);
  const outcome = await client.outcome(id);
  return { ...outcome, output: client.takeOutput(id) };
}

export function start(client, argv, options) {
  const id = ++lastId;
  client.send(TYPE.execute, id, execute(argv, options));
  return id;
}

export const shell = (text) => ['sh', '-c', text];

export async function expectExit(client, argv, options, expected) {
  const { code, flags, cause, signal: number, survivors } = await run(client, argv, options);
  const found = { code, signal: number, cause, survivors, bySupervisor: (flags & EXITED.bySupervisor) !== 0 };
  assert.deepEqual(found, { code: 0, signal: 0, cause: 0, survivors: 0, bySupervisor: false, ...expected });
}
