/** A controller that makes a sandbox, takes a snapshot when told to, and stands still at a step of the rollback until it is killed. */
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { SandboxManager } from '@paracle/sandbox';
import { RollbackManager } from '../../../dist/index.js';

const [, , baseImage, stopAt] = process.argv;
const sandboxes = new SandboxManager();
const sandbox = await sandboxes.create({ baseImage });
const rollback = new RollbackManager({ engine: sandboxes.engine });
const orders = createInterface(process.stdin)[Symbol.asyncIterator]();
const tell = (text) => writeSync(1, `${text}\n`);

tell(sandbox.container.id);
await orders.next();
const snapshotId = await rollback.createSnapshot(sandbox);
tell(snapshotId);
await orders.next();
await rollback.rollback(snapshotId, sandbox, {
  onProgress: ({ step }) => {
    if (step !== stopAt) return;
    tell(step);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  },
});
tell('finished');
