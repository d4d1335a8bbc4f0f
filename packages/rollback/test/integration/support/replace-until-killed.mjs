/**
 * Rolls a container back, names each step, and at the one with a given number stands still until it is killed. Where it is
 * told a container without a network, it first puts that on a network of its own and takes the snapshot itself.
 */
import { writeSync } from 'node:fs';
import { Engine, silentLogger } from '@paracle/core';
import { NetworkIsolator } from '@paracle/isolation';
import { rollbackConfigSchema } from '../../../dist/config/rollback-config.js';
import { ReplacementSnapshots } from '../../../dist/replacement/replacement-snapshots.js';

const { container, snapshotId, stopAt, isRecovery, isIsolated } = JSON.parse(process.argv[2]);
const engine = new Engine();
const config = rollbackConfigSchema.parse({});
const snapshots = new ReplacementSnapshots({ engine, config, logger: silentLogger });
let count = 0;

function onProgress({ step }) {
  writeSync(1, `${step}\n`);
  if (count++ !== stopAt) return;
  writeSync(1, 'stopped\n');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

async function isolate() {
  const isolator = new NetworkIsolator({ engine });
  const network = await isolator.createNetwork();
  await isolator.attachContainer(container, network.id);
  return snapshots.createSnapshot(container);
}

try {
  if (isRecovery) await snapshots.recover({ onProgress });
  else await snapshots.rollback(isIsolated ? await isolate() : snapshotId, container, { onProgress });
  writeSync(1, 'ended\n');
} catch (error) {
  writeSync(1, `${error.code}\n`);
}
process.exit();
