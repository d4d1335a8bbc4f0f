import { setTimeout as delay } from 'node:timers/promises';
import { RollbackManager } from '@paracle/rollback';
import type { Sandbox } from '@paracle/sandbox';
import type Docker from 'dockerode';
import { median } from '../measure/percentile.js';
import { timeMs } from '../measure/time.js';
import { execToEnd, LIMITS, startPlainContainer } from '../peers/plain-container.js';
import { formatMs, formatRatio } from '../table/format-quantity.js';
import type { Row } from '../table/row.js';
import type { Benchmark, BenchmarkContext } from './benchmark-context.js';

const ROUNDS = 11;
const COMMITS = 7;
const UNCHANGED_MS = 80;
const ROLLBACK_MS = 150;
const COMMIT_RATIO = 1;
const REPLACEMENT_RATIO = 1.2;
const CHANGED_FILES = 50;
/** What changed within a minute is compared by its digest: the tree is to be older. */
const SETTLED_MS = 61_000;
/** 500 files of 100 KiB, in ten directories, of contents that nothing compresses. */
const WRITE_FILES =
  'for i in 0 1 2 3 4 5 6 7 8 9; do mkdir -p /tmp/tree/$i; head -c 5120000 /dev/urandom | split -b 102400 -a 2 - /tmp/tree/$i/f; done';

async function shell(sandbox: Sandbox, script: string): Promise<void> {
  await sandbox.execute(['sh', '-c', script], { check: true });
}

function toRow(what: string, samples: readonly number[], targetMs: number): Row {
  const isMet = median(samples) <= targetMs;
  return { what, ours: formatMs(median(samples)), other: '', ratio: '', target: `<= ${targetMs} ms`, isMet };
}

/** Both sides write the same amount anew before each look, and keep what they had. */
async function compareWithCommit({ manager, docker }: BenchmarkContext, rollback: RollbackManager): Promise<Row> {
  await using sandbox = await manager.create(LIMITS);
  const container = await startPlainContainer(docker);
  const [ours, theirs]: [number[], number[]] = [[], []];
  const images: string[] = [];
  try {
    await rollback.createSnapshot(sandbox);
    for (let round = 0; round < COMMITS; round++) {
      await shell(sandbox, WRITE_FILES);
      ours.push(await timeMs(() => rollback.createSnapshot(sandbox)));
      await execToEnd(container, ['sh', '-c', WRITE_FILES]);
      theirs.push(
        await timeMs(async () => {
          images.push(((await container.commit({ pause: true })) as { readonly Id: string }).Id);
        }),
      );
    }
  } finally {
    await container.remove({ force: true });
    for (const image of images) await docker.getImage(image).remove({ force: true });
  }
  const ratio = median(ours) / median(theirs);
  return {
    what: 'snapshot, 50 MB in 500 files new, vs dockerode commit, p50',
    ours: formatMs(median(ours)),
    other: formatMs(median(theirs)),
    ratio: formatRatio(ratio),
    target: `<= ${COMMIT_RATIO} x`,
    isMet: ratio <= COMMIT_RATIO,
  };
}

/** The other side puts a container back by hand: it keeps what is now, and starts one from what was before. */
async function compareWithReplacement({ docker }: BenchmarkContext, rollback: RollbackManager): Promise<Row> {
  const own = (await (await startPlainContainer(docker)).inspect()).Name.slice(1);
  const [ours, theirs]: [number[], number[]] = [[], []];
  const images: string[] = [];
  const snapshotId = await rollback.createSnapshot(own);
  let other = await startPlainContainer(docker);
  const commit = async (): Promise<string> => {
    const { Id } = (await other.commit({ pause: true })) as { readonly Id: string };
    images.push(Id);
    return Id;
  };
  const before = await commit();
  try {
    for (let round = 0; round < ROUNDS; round++) {
      ours.push(await timeMs(() => rollback.rollback(snapshotId, own)));
      theirs.push(
        await timeMs(async () => {
          await commit();
          await other.remove({ force: true });
          other = await startPlainContainer(docker, before);
        }),
      );
    }
  } finally {
    const left = await rollback.listSnapshots(own);
    await Promise.all([other.remove({ force: true }), docker.getContainer(own).remove({ force: true })]);
    for (const { id } of left) await docker.getImage(await nameOf(docker, id)).remove({ force: true });
    // The first is the parent of others, and would go with the last of them.
    for (const image of images.reverse()) await docker.getImage(image).remove({ force: true, noprune: true });
  }
  const ratio = median(ours) / median(theirs);
  return {
    what: 'rollback of a container that Paracle did not make, vs dockerode commit + remove + create + start, p50',
    ours: formatMs(median(ours)),
    other: formatMs(median(theirs)),
    ratio: formatRatio(ratio),
    target: `<= ${REPLACEMENT_RATIO} x`,
    isMet: ratio <= REPLACEMENT_RATIO,
  };
}

/** The name of a snapshot's image: its container is gone, and with it the way to delete it by id. */
async function nameOf(docker: Docker, snapshotId: string): Promise<string> {
  const [image] = await docker.listImages({ filters: { reference: [`paracle-snapshot:*.${snapshotId}`] } });
  return image?.RepoTags?.[0] ?? snapshotId;
}

async function run(context: BenchmarkContext): Promise<readonly Row[]> {
  const { manager } = context;
  const rollback = new RollbackManager({ engine: manager.engine });
  await using sandbox = await manager.create(LIMITS);
  await shell(sandbox, WRITE_FILES);
  await delay(SETTLED_MS);
  const snapshotId = await rollback.createSnapshot(sandbox);
  await rollback.pinSnapshot(snapshotId, sandbox);
  const [unchanged, back]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) unchanged.push(await timeMs(() => rollback.createSnapshot(sandbox)));
  for (let round = 0; round < ROUNDS; round++) {
    await shell(sandbox, `for f in $(ls -d /tmp/tree/*/* | head -n ${CHANGED_FILES}); do echo ${round} > $f; done`);
    back.push(await timeMs(() => rollback.rollback(snapshotId, sandbox)));
  }
  return [
    toRow('snapshot, nothing changed since the last, p50', unchanged, UNCHANGED_MS),
    await compareWithCommit(context, rollback),
    await compareWithReplacement(context, rollback),
    toRow('rollback of 50 changed files, safety snapshot and verification included, p50', back, ROLLBACK_MS),
  ];
}

/** What snapshots and rollbacks cost. */
export const rollback: Benchmark = { name: 'rollback', run };
