/** Undoes what a command did that failed, by itself or by hand; hashes before and after prove it. */
import assert from 'node:assert/strict';
import { type RollbackConfig, RollbackManager, rollbackOf } from '@paracle/rollback';
import { ExecutionTimeoutError, NonZeroExitError, SandboxManager } from '@paracle/sandbox';
import { hashSandbox } from './support/workspace.js';

const config: RollbackConfig = {
  policy: {
    enabled: true,
    triggers: ['on_error', 'on_timeout', 'on_nonzero_exit'],
    maxSnapshots: 3,
    maxAgeHours: 24,
    backupBeforeRollback: true,
  },
};

await using manager = new SandboxManager();
await using sandbox = await manager.create();
const rollback = new RollbackManager({ engine: manager.engine, config });
const shell = (script: string): string[] => ['sh', '-c', script];

/** The digest of everything in the working directory: names, modes, owners, times, contents. */
async function show(when: string): Promise<string> {
  const hash = await hashSandbox(sandbox);
  console.log(`  ${when.padEnd(7)} ${hash}`);
  return hash;
}

await sandbox.execute(shell('mkdir data; seq 1000 > data/orders; echo "version = 1" > app.conf'), { check: true });

console.log('1. A migration that breaks half way is undone, and its error comes as it is.');
const before = await show('before');
try {
  await rollback.protect(sandbox, async ({ signal }) => {
    const migration = shell('echo "version = 2" > app.conf; rm -r data; echo "disk error" >&2; exit 1');
    const result = await sandbox.execute(migration, { signal });
    assert.notEqual(await show('broken'), before);
    result.orThrow();
  });
} catch (error) {
  if (!(error instanceof NonZeroExitError)) throw error;
  const undone = rollbackOf(error);
  console.log(`  ${error.message}: ${error.result.stderr.trim()}`);
  console.log('  undone: removed', undone?.removed, 'restored', undone?.restored);
}
assert.equal(await show('after'), before);

console.log('2. Where nothing is thrown, the result says whether the work stands.');
for (const script of ['echo draft > notes; exit 3', 'echo done > notes']) {
  const { status, value } = await rollback.protect(sandbox, () => sandbox.execute(shell(script)));
  const notes = await sandbox.execute(['cat', 'notes']);
  console.log(`  exit code ${String(value.exitCode)}: ${status}, notes: ${notes.stdout.trim() || 'none'}`);
}

console.log('3. The same by hand: a snapshot, and autoRollbackOnError where something is caught.');
await rollback.createSnapshot(sandbox);
const saved = await show('before');
try {
  await sandbox.execute(shell('rm -r data; sleep 60'), { timeoutSeconds: 0.5 });
} catch (error) {
  if (!(error instanceof ExecutionTimeoutError)) throw error;
  await show('broken');
  const undone = await rollback.autoRollbackOnError(sandbox, error);
  console.log(`  ${error.message}: ${undone === undefined ? 'kept' : 'rolled back'}`);
}
assert.equal(await show('after'), saved);
console.log('Done: all that failed is undone.');
