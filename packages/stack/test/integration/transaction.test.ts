import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ReviewManager } from '@paracle/review';
import { SandboxManager } from '@paracle/sandbox';
import { TransactionFailedError, type TransactionSpec, transaction } from '../../src/index.js';

const sandboxes = new SandboxManager();
let workspace: string;
let reviews: ReviewManager;
let spec: TransactionSpec;

beforeEach(async () => {
  workspace = await mkdtemp(join(tmpdir(), 'paracle-transaction-'));
  await mkdir(join(workspace, 'src'));
  await mkdir(join(workspace, '.git'));
  await writeFile(join(workspace, '.git/config'), 'secret');
  await writeFile(join(workspace, 'src/app.py'), 'print(1)\n');
  await writeFile(join(workspace, 'run.sh'), '#!/bin/sh\necho hi\n');
  await chmod(join(workspace, 'run.sh'), 0o755);
  await symlink('src/app.py', join(workspace, 'link'));
  reviews = new ReviewManager();
  spec = { workspace, sandboxes, reviews, requestedBy: 'agent' };
});

afterEach(async () => {
  await reviews.close();
  await rm(workspace, { recursive: true, force: true });
});

afterAll(async () => {
  await sandboxes.close();
});

const shell = (
  script: string,
): ((sandbox: { execute: (command: string[], options: { check: true }) => Promise<unknown> }) => Promise<unknown>) => {
  return (sandbox) => sandbox.execute(['sh', '-c', script], { check: true });
};

describe('transaction', () => {
  it('gives the run a copy without .git, and leaves the workspace alone', async () => {
    const { value, changeSet } = await transaction(spec, async (sandbox) => {
      const { stdout } = await sandbox.execute(['sh', '-c', 'ls -A; ./run.sh; cat link; rm -rf src']);
      return stdout;
    });
    expect(value).toBe('link\nrun.sh\nsrc\nhi\nprint(1)\n');
    expect(await readdir(workspace)).toEqual(['.git', 'link', 'run.sh', 'src']);
    expect(changeSet.changes.map(({ change }) => `${change.change} ${change.path}`)).toEqual([
      'deleted src',
      'deleted src/app.py',
    ]);
  });

  it('applies what low risk approved by itself: contents, new directories, modes, links, deletions', async () => {
    const { changeSet } = await transaction(
      spec,
      shell(
        'echo "print(2)" > src/app.py; mkdir -p lib/deep; echo x > lib/deep/x; chmod 644 run.sh; ln -sfn run.sh link',
      ),
    );
    const outcome = await changeSet.apply();
    expect(outcome.notApplied).toEqual([]);
    expect(await readFile(join(workspace, 'src/app.py'), 'utf8')).toBe('print(2)\n');
    expect(await readFile(join(workspace, 'lib/deep/x'), 'utf8')).toBe('x\n');
    expect(await readFile(join(workspace, 'link'), 'utf8')).toBe('#!/bin/sh\necho hi\n');
  });

  it('lets a risky change wait for a human, and applies each approval once', async () => {
    const { changeSet } = await transaction(spec, shell('echo KEY=1 > .env; echo fine > notes.txt'));
    const first = await changeSet.apply();
    expect(first).toMatchObject({
      applied: ['notes.txt'],
      notApplied: [{ path: '.env', reason: expect.stringContaining('pending') }],
    });
    const review = changeSet.changes.find(({ change }) => change.path === '.env');
    await expect(reviews.approve(review?.reviewId ?? '', { reviewer: 'Agent' })).rejects.toMatchObject({
      code: 'PARACLE_REVIEW_SELF_APPROVAL',
    });
    await reviews.approve(review?.reviewId ?? '', { reviewer: 'alice' });
    expect(await changeSet.apply()).toMatchObject({
      applied: ['.env'],
      notApplied: [{ path: 'notes.txt', reason: 'it was applied before' }],
    });
    expect(await readFile(join(workspace, '.env'), 'utf8')).toBe('KEY=1\n');
  });

  it('refuses to overwrite what changed in the workspace meanwhile, and says so in the review', async () => {
    const { changeSet } = await transaction(spec, shell('echo theirs > src/app.py'));
    await writeFile(join(workspace, 'src/app.py'), 'mine\n');
    await expect(changeSet.apply()).rejects.toMatchObject({ code: 'PARACLE_STACK_APPLY_CONFLICT' });
    expect(await readFile(join(workspace, 'src/app.py'), 'utf8')).toBe('mine\n');
    expect((await changeSet.reviews())[0]?.application.status).toBe('failed');
  });

  it('keeps a rejected directory out, with what is in it', async () => {
    const { changeSet } = await transaction(
      { ...spec, reviews: new ReviewManager({ policy: { triggerMode: 'always' } }) },
      shell('mkdir d; echo x > d/x'),
    );
    expect(changeSet.changes.map(({ change }) => change.path)).toEqual(['d', 'd/x']);
    expect((await changeSet.apply()).applied).toEqual([]);
  });

  it('does not propose what a workspace can not hold', async () => {
    const { changeSet } = await transaction(spec, shell('mkfifo pipe; echo ok > ok'));
    expect(changeSet.unsupported).toEqual(['pipe']);
    expect((await changeSet.apply()).applied).toEqual(['ok']);
  });

  it('closes the run: what was left in the background is ended before the changes are read', async () => {
    const { changeSet } = await transaction(spec, (sandbox) =>
      sandbox.execute(['sh', '-c', '(while :; do date +%N > busy; done) >/dev/null 2>&1 &'], { background: 'keep' }),
    );
    expect((await changeSet.apply()).applied).toEqual(['busy']);
  });

  it('rolls back and rethrows when the run fails, and tells what it had changed', async () => {
    const failure: unknown = await transaction(spec, shell('echo broken > src/app.py; exit 4')).catch(
      (error: unknown) => error,
    );
    if (!(failure instanceof TransactionFailedError)) throw new TypeError('Expected the transaction to fail');
    expect(failure.code).toBe('PARACLE_STACK_TRANSACTION_FAILED');
    expect(failure.cause).toMatchObject({ code: 'PARACLE_SANDBOX_EXIT_NON_ZERO', result: { exitCode: 4 } });
    expect(failure.changes).toMatchObject([{ path: 'src/app.py', change: 'modified' }]);
    expect(failure.rollback?.notRestored).toEqual([]);
    expect(failure.rollbackError).toBeUndefined();
    expect((await reviews.listReviews()).reviews).toEqual([]);
  });

  it('puts an existing sandbox back as it was', async () => {
    await using existingSandbox = await sandboxes.create();
    const list = async (): Promise<string> =>
      (await existingSandbox.execute(['sh', '-c', 'find . -printf "%p %m %T@ %l\\n" | sort; cat src/app.py'])).stdout;
    let before = '';
    const failure = transaction({ ...spec, existingSandbox }, async (sandbox) => {
      before = await list();
      await sandbox.execute(['sh', '-c', 'rm -rf src; echo x > y; chmod 600 run.sh; kill -9 $$']);
      throw new Error('no good');
    });
    await expect(failure).rejects.toThrow('no good');
    expect(await list()).toBe(before);
  });

  it('leaves no container behind, whatever happens', async () => {
    await transaction(spec, async () => undefined);
    await transaction(spec, async () => {
      throw new Error('no');
    }).catch(() => undefined);
    const left = await sandboxes.engine.containers.list({ all: true, labels: { 'dev.paracle.purpose': 'sandbox' } });
    expect(left).toEqual([]);
  });
});

it('empties a sandbox’s working directory for its copy, but not what is mounted there', async () => {
  const host = await mkdtemp(join(tmpdir(), 'paracle-mounted-'));
  await writeFile(join(host, 'precious'), 'of the host');
  await using mounting = new SandboxManager({ engine: sandboxes.engine, allowedHostPaths: [host] });
  await using existingSandbox = await mounting.create({
    mounts: [{ source: host, target: '/workspace/data/m', readOnly: false }],
  });
  await existingSandbox.files.write('old', 'x');
  const { value } = await transaction({ ...spec, existingSandbox }, async (sandbox) =>
    sandbox.execute(['find', '.', '-mindepth', '1', '-maxdepth', '1'], { check: true }),
  );
  expect(value.stdout.trim().split('\n').sort()).toEqual(['./data', './link', './run.sh', './src']);
  expect(await readFile(join(host, 'precious'), 'utf8')).toBe('of the host');
  await rm(host, { recursive: true });
});
