/**
 * The main job, end to end: an agent works on a copy of a project in a sandbox, its tests run there,
 * people decide about each change, what was approved is applied, and a run that fails is put back.
 */
import assert from 'node:assert/strict';
import { access, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ReviewManager } from '@paracle/review';
import { formatPatch } from '@paracle/rollback';
import { type Sandbox, SandboxManager } from '@paracle/sandbox';
import { type ChangeSet, TransactionFailedError, transaction } from '@paracle/stack';
import { copySampleProject, hashDirectory, hashSandbox, readAgent } from './support/workspace.js';

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** Runs an agent's script, then the project's tests; a failing test fails the run. */
async function work(sandbox: Sandbox, agent: string): Promise<void> {
  const { stdout } = await sandbox.execute(['python3', '-'], { stdin: await readAgent(agent), check: true });
  say(`  agent: ${stdout.trim()}`);
  const environment = { PYTHONDONTWRITEBYTECODE: '1' };
  const tests = await sandbox.execute(['python3', '-m', 'unittest', '-q'], { environment });
  say(`  tests: ${tests.stderr.trim().split('\n').at(-1) ?? ''}`);
  tests.orThrow();
}

async function show(changeSet: ChangeSet, workspace: string): Promise<void> {
  for (const { change } of changeSet.changes) {
    const before = change.before?.type === 'file' ? await readFile(join(workspace, change.path)) : undefined;
    const after = await changeSet.readAfter(change);
    say(formatPatch(change, { ...(before && { before }), ...(after && { after }) }).trimEnd());
  }
  for (const review of await changeSet.reviews()) {
    const reasons = review.risk.findings.map(({ reason }) => reason).join('; ');
    say(
      `  ${review.risk.level.padEnd(4)} ${review.status.padEnd(8)} ${review.artifactId.split(':')[1] ?? ''}  ${reasons}`,
    );
  }
}

const workspace = await copySampleProject();
await using manager = new SandboxManager();
await using reviews = new ReviewManager({
  policy: { triggerMode: 'always', highRiskPatterns: ['*.env', '*.key', '/etc/*', 'rm -rf'] },
});
await using sandbox = await manager.create({ memoryMb: 256, timeoutSeconds: 30 });
const spec = { workspace, sandboxes: manager, reviews, existingSandbox: sandbox, requestedBy: 'agent' };
const onStep = (step: string): void => {
  say(`  · ${step}`);
};

try {
  say('1. An agent fixes a bug in a copy of the project.');
  const { changeSet } = await transaction({ ...spec, onStep }, (inside) => work(inside, 'fix_rounding.py'));

  say('2. What it did, and how risky that is:');
  await show(changeSet, workspace);

  say('3. Alice decides.');
  for (const { change, reviewId } of changeSet.changes) {
    if (change.path.endsWith('.env'))
      await reviews.reject(reviewId, { reviewer: 'alice', comment: 'No debugging in production.' });
    else await reviews.approve(reviewId, { reviewer: 'alice' });
  }

  say('4. What was approved is applied to the real project.');
  const { applied, notApplied } = await changeSet.apply({ claimant: 'demo' });
  say(`  applied: ${applied.join(', ')}`);
  say(`  not applied: ${notApplied.map(({ path, reason }) => `${path} (${reason})`).join(', ')}`);
  assert.deepEqual(applied, ['shop/pricing.py', 'tests/test_pricing.py']);
  assert.match(await readFile(join(workspace, 'shop/pricing.py'), 'utf8'), /percent \+ 50/u);
  await assert.rejects(access(join(workspace, 'config/production.env')));

  say('5. Another agent breaks everything; its tests fail, and all is put back.');
  const workspaceBefore = await hashDirectory(workspace);
  let sandboxBefore = '';
  const failing = transaction({ ...spec, onStep }, async (inside) => {
    sandboxBefore = await hashSandbox(inside);
    await work(inside, 'break_everything.py');
  });
  const error: unknown = await failing.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert(error instanceof TransactionFailedError);
  say(`  ${error.message}`);
  say(`  it had changed: ${error.changes.map(({ change, path }) => `${change} ${path}`).join(', ')}`);
  const sandboxAfter = await hashSandbox(sandbox);
  say(`  sandbox before ${sandboxBefore}`);
  say(`  sandbox after  ${sandboxAfter}`);
  assert.equal(sandboxAfter, sandboxBefore);
  assert.equal(await hashDirectory(workspace), workspaceBefore);
  say('Done: the project has what was approved, and nothing else.');
} finally {
  await rm(workspace, { recursive: true, force: true });
}
