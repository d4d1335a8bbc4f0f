import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Engine, FileService, ownerLabels, PayloadWriter } from '@paracle/core';
import { ReviewManager } from '@paracle/review';
import { RollbackManager } from '@paracle/rollback';
import { type Sandbox, SandboxManager } from '@paracle/sandbox';
import { installLyingSupervisor, type LyingSupervisor } from '@paracle/test-support';
import { transaction } from '../../src/index.js';

const engine = new Engine();
const sandboxes = new SandboxManager({ engine });
const rollback = new RollbackManager({ engine });
let liar: LyingSupervisor;

beforeAll(async () => {
  liar = await installLyingSupervisor(engine, ownerLabels);
});

afterAll(async () => {
  await sandboxes.close();
  await liar[Symbol.asyncDispose]();
  await engine.close();
});

async function remember(sandbox: Sandbox, lie: string): Promise<void> {
  await sandbox.execute(['remember', lie]);
}

const NS = 1_000_000_000n;

/** A path of a manifest: a file whose contents are the image's. */
function record(path: string, { sizeBytes = 5n }: { readonly sizeBytes?: bigint } = {}): Buffer {
  const writer = new PayloadWriter().u32(0o100644).u32(0).u32(0).u32(1).u64(1n).u64(1n).u64(0n).u64(sizeBytes).u64(8n);
  for (let time = 0; time < 2; time++) writer.u64(NS).u32(0);
  return writer.u16(path.length).bytes(Buffer.from(path, 'latin1')).u16(0).finish();
}

/** Has the supervisor tell another manifest of a snapshot, as the difference to the same base. */
async function lieAbout(
  snapshotId: string,
  sandbox: Sandbox,
  { records = new PayloadWriter().finish(), rest = new PayloadWriter().u32(0).finish(), removed = 0 } = {},
): Promise<void> {
  const connection = await engine.supervisors.connect(sandbox.container.id);
  await using files = FileService.open(connection, 'root');
  const truth = await files.read(`/.paracle/store/snapshots/${snapshotId}.manifest`, 1_000_000);
  const writer = new PayloadWriter()
    .bytes(truth.subarray(0, 4 + 32))
    .u32(removed)
    .u32(records.length)
    .bytes(records);
  await remember(sandbox, `manifest:${writer.bytes(rest).finish().toString('base64')}`);
}

const damaged = { code: 'PARACLE_ROLLBACK_SNAPSHOT_DAMAGED' };

describe('rollback', () => {
  it('takes files from the image that the engine names, whichever the snapshot does', async () => {
    await using sandbox = await sandboxes.create();
    const snapshotId = await rollback.createSnapshot(sandbox);
    await lieAbout(snapshotId, sandbox, { records: record('/etc/debian_version') });
    await rollback.verifySnapshot(snapshotId, sandbox);
    expect((await rollback.listSnapshots(sandbox))[0]?.imageId).toMatch(/^sha256:0+$/u);
    await expect(rollback.rollback(snapshotId, sandbox)).rejects.toMatchObject({
      ...damaged,
      message: 'The image has no such file as /etc/debian_version was',
    });
    await expect(sandbox.files.read('/etc/debian_version')).rejects.toMatchObject({ errno: 'ENOENT' });
  });

  it.each([
    ['a path with ..', { records: record('/workspace/../../etc/passwd') }],
    ['a path with an empty name', { records: record('//etc/passwd') }],
    ['a relative path', { records: record('etc/passwd') }],
    ['a path with NUL', { records: record('/a\0b') }],
    ['a number that is none', { records: record('/a', { sizeBytes: -1n }) }],
    ['a record that is cut short', { records: record('/a').subarray(0, -1) }],
    ['more paths than there are', { removed: 0xffff_ffff }],
    ['contents that are none', { rest: new PayloadWriter().u32(1).u16(1).bytes(Buffer.from('/')).u8(1).finish() }],
    ['an end that is none', { rest: new PayloadWriter().u32(0).u8(0).finish() }],
  ])('refuses a manifest with %s', async (_what, lie) => {
    await using sandbox = await sandboxes.create();
    const snapshotId = await rollback.createSnapshot(sandbox);
    await lieAbout(snapshotId, sandbox, lie);
    await expect(rollback.verifySnapshot(snapshotId, sandbox)).rejects.toMatchObject(damaged);
    await expect(rollback.rollback(snapshotId, sandbox)).rejects.toMatchObject(damaged);
  });

  it('refuses a description that is none, and contents that are not those of their digest', async () => {
    await using sandbox = await sandboxes.create();
    const snapshotId = await rollback.createSnapshot(sandbox);
    await sandbox.execute(['plant', 'file']);
    const [change] = await rollback.diff(snapshotId, sandbox, { root: '/workspace' });
    await rollback.createSnapshot(sandbox);
    const digest = change?.after?.digest ?? 'sha256:';
    const connection = await engine.supervisors.connect(sandbox.container.id);
    expect(connection.isClosed).toBe(false);
    await remember(sandbox, 'contents');
    await expect(rollback.readContents(digest, sandbox)).rejects.toMatchObject(damaged);
    await remember(sandbox, 'description');
    await expect(rollback.verifySnapshot(snapshotId, sandbox)).rejects.toMatchObject(damaged);
    await expect(rollback.listSnapshots(sandbox)).rejects.toMatchObject(damaged);
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });

  it('ends within its limit where nothing answers, and by the signal', async () => {
    await using sandbox = await sandboxes.create();
    const snapshotId = await rollback.createSnapshot(sandbox);
    await remember(sandbox, 'walk-silence');
    const timeout = { code: 'PARACLE_SUPERVISOR_TIMEOUT' };
    const limit = { timeoutMs: 500 };
    await expect(rollback.createSnapshot(sandbox, limit)).rejects.toMatchObject(timeout);
    await expect(rollback.diff(snapshotId, sandbox, limit)).rejects.toMatchObject(timeout);
    await expect(rollback.rollback(snapshotId, sandbox, limit)).rejects.toMatchObject(timeout);
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(rollback.createSnapshot(sandbox, { signal })).rejects.toThrow('enough');
  });

  it.each(['parent', 'elsewhere', 'nul', 'size-2-63'])('takes no snapshot of what can not be: %s', async (lie) => {
    await using sandbox = await sandboxes.create();
    await remember(sandbox, `walk-${lie}`);
    await expect(rollback.createSnapshot(sandbox)).rejects.toMatchObject({ code: 'PARACLE_SUPERVISOR_LOST' });
  });
});

describe('transaction', () => {
  let parent: string;
  let workspace: string;
  const reviews = new ReviewManager({ policy: { triggerMode: 'always' } });

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'paracle-liar-'));
    workspace = join(parent, 'workspace');
    await mkdir(workspace);
    await writeFile(join(workspace, 'kept'), 'kept');
    await writeFile(join(parent, 'outside'), 'outside');
  });

  afterEach(async () => {
    await rm(parent, { recursive: true });
  });

  /** Nothing was written beside the workspace, nor anything into it. */
  async function expectUntouched(): Promise<void> {
    expect((await readdir(parent)).sort()).toEqual(['outside', 'workspace']);
    expect(await readFile(join(parent, 'outside'), 'utf8')).toBe('outside');
    expect((await readdir(workspace)).filter((name) => name !== '.paracle')).toEqual(['kept']);
    expect(await readFile(join(workspace, 'kept'), 'utf8')).toBe('kept');
  }

  it.each([
    ['parent', 'PARACLE_SUPERVISOR_LOST'],
    ['elsewhere', 'PARACLE_SUPERVISOR_LOST'],
    ['nul', 'PARACLE_SUPERVISOR_LOST'],
  ])('makes no change set of paths that leave the workspace: %s', async (lie, code) => {
    const made = transaction({ workspace, sandboxes, reviews }, async (sandbox) => remember(sandbox, `walk-${lie}`));
    await expect(made).rejects.toMatchObject({ code });
    await expectUntouched();
  });

  it.each([
    { names: ['link->../outside'] },
    { names: ['link->/etc/passwd'] },
    { names: ['link->sub', 'link/inner'] },
    { names: ['file', 'file/inner'] },
    { names: ['.git'] },
    { names: ['.paracle'] },
    { names: ['set-id'] },
    { names: ['link->..', 'fine'] },
  ])('applies nothing of a change set that would lead out of the workspace: $names', async ({ names }) => {
    const { changeSet } = await transaction({ workspace, sandboxes, reviews }, async (sandbox) =>
      sandbox.execute(['plant', ...names]),
    );
    for (const { reviewId } of changeSet.changes) await reviews.approve(reviewId, { reviewer: 'alice' });
    await expect(changeSet.apply()).rejects.toMatchObject({ code: 'PARACLE_STACK_APPLY_REFUSED' });
    await expectUntouched();
  });

  it.each([
    ['huge', 'PARACLE_STACK_CHANGE_SET_TOO_LARGE'],
    ['growing', 'PARACLE_SUPERVISOR_FILE_ANSWER_TOO_LARGE'],
  ])('takes no more contents than were announced, and none that are too large: %s', async (name, code) => {
    const made = transaction({ workspace, sandboxes, reviews }, async (sandbox) => sandbox.execute(['plant', name]));
    await expect(made).rejects.toMatchObject({ code });
    await expectUntouched();
  });
});
