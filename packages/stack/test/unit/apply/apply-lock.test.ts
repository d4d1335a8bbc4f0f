import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { applyChanges } from '../../../src/apply/apply-changes.js';
import { isProcessGone, type ProcessIdentity, readOwnIdentity } from '../../../src/apply/process-identity.js';
import { recoverApply } from '../../../src/apply/recover-apply.js';
import { file, makeDirectory, readBodyOf, readTree, toChange } from './support/tree.js';

const noProcess = 2 ** 22 + 1;
const changes = [toChange('a', undefined, file('a'))];
const readBody = readBodyOf({ a: file('a') });
let workspace = '';

beforeEach(async () => {
  workspace = await makeDirectory();
});

afterEach(() => rm(workspace, { recursive: true, force: true }));

async function leaveLock(text: string): Promise<void> {
  const lock = join(workspace, '.paracle/apply/lock');
  await mkdir(lock, { recursive: true });
  await writeFile(join(lock, 'token'), text);
}

async function leaveLockOf(holder: Partial<ProcessIdentity>): Promise<void> {
  await leaveLock(JSON.stringify({ ...(await readOwnIdentity()), at: '2026-01-01T00:00:00.000Z', ...holder }));
}

describe('the lock', () => {
  it('lets one of two applies at once through and tells the other who holds it', async () => {
    const failures: unknown[] = [];
    let isFirst = true;
    const onStep = async (): Promise<void> => {
      if (!isFirst) return;
      isFirst = false;
      failures.push(await applyChanges(workspace, changes, { readBody }).catch((error: unknown) => error));
      failures.push(await recoverApply(workspace).catch((error: unknown) => error));
    };
    await applyChanges(workspace, changes, { readBody, onStep });
    const busy = {
      code: 'PARACLE_STACK_APPLY_BUSY',
      details: { holder: { pid: process.pid } },
      message: expect.stringContaining(String(process.pid)),
    };
    expect(failures).toMatchObject([busy, busy]);
    expect(await readTree(workspace)).toEqual({ a: file('a') });
  });

  it('is held by at most one of 50 that come at once', async () => {
    let holders = 0;
    let most = 0;
    const onStep = async (step: string): Promise<void> => {
      if (step === 'locked') most = Math.max(most, (holders += 1));
      if (step === 'checked') await new Promise((resolve) => setImmediate(resolve));
      if (step === 'cleaned') holders -= 1;
    };
    const results = await Promise.allSettled(
      Array.from({ length: 50 }, () => applyChanges(workspace, [], { readBody, onStep })),
    );
    expect(most).toBe(1);
    const failures = results.flatMap((result): unknown[] => (result.status === 'rejected' ? [result.reason] : []));
    expect(failures.length).toBeLessThan(50);
    for (const failure of failures) expect(failure).toMatchObject({ code: 'PARACLE_STACK_APPLY_BUSY' });
    expect(await readTree(workspace)).toEqual({});
  });

  it.each([
    ['no longer runs', { pid: noProcess }],
    ['no longer runs and did not know its start', { pid: noProcess, startedAt: '' }],
    ['has an id that another process has now', { startedAt: '1' }],
    ['ran before this machine was started', { boot: 'earlier', pid: 1 }],
  ])('is taken over from a holder that %s', async (_, holder) => {
    await leaveLockOf(holder);
    await applyChanges(workspace, changes, { readBody });
    expect(await readTree(workspace)).toEqual({ a: file('a') });
  });

  it.each([
    ['runs', {}],
    ['is on another machine', { boot: 'other', host: 'elsewhere', pid: noProcess }],
    ['is in another process namespace', { pidNamespace: 'pid:[1]', pid: noProcess }],
  ])('is respected while its holder %s', async (_, holder) => {
    await leaveLockOf(holder);
    await expect(applyChanges(workspace, changes, { readBody })).rejects.toMatchObject({
      code: 'PARACLE_STACK_APPLY_BUSY',
    });
    expect(Object.keys(await readTree(workspace))).toContain('.paracle/apply/lock/token');
  });

  it.each(['', '{}', 'not json', '{"pid":-1}'])('is respected when it says %j', async (text) => {
    await leaveLock(text);
    await expect(applyChanges(workspace, changes, { readBody })).rejects.toMatchObject({
      code: 'PARACLE_STACK_APPLY_BUSY',
    });
  });

  it('is taken where an empty one and abandoned candidates are left', async () => {
    await mkdir(join(workspace, '.paracle/apply/lock'), { recursive: true });
    await mkdir(join(workspace, '.paracle/apply/lock-abandoned'));
    await applyChanges(workspace, changes, { readBody });
    expect(await readTree(workspace)).toEqual({ a: file('a') });
  });
});

it('knows that this process runs', async () => {
  await expect(isProcessGone(await readOwnIdentity())).resolves.toBe(false);
});
