/**
 * One side of the output benchmark, in a process of its own: `node output-child.js ours|theirs SOCKET BYTES`.
 * Prints one line of JSON: an {@link RssSample}.
 */
import { Engine } from '@paracle/core';
import { SandboxManager } from '@paracle/sandbox';
import { type RssSample, sampleRss } from './measure/sample-rss.js';
import { createDocker, execToEnd, LIMITS, startPlainContainer } from './peers/plain-container.js';

const [side, socketPath = '', byteCount = ''] = process.argv.slice(2);
const command = ['head', '-c', byteCount, '/dev/zero'];

async function measureOurs(): Promise<RssSample> {
  await using engine = new Engine({ endpoint: { type: 'socket', path: socketPath } });
  await using manager = new SandboxManager({ engine });
  await using sandbox = await manager.create(LIMITS);
  await sandbox.execute(['true']);
  return await sampleRss(async () => {
    const { stdoutBytes, droppedBytes } = await sandbox.execute(command);
    const bytes = stdoutBytes.length + droppedBytes.stdout;
    if (bytes !== Number(byteCount)) throw new Error(`Expected ${byteCount} bytes, got ${bytes}`);
  });
}

async function measureTheirs(): Promise<RssSample> {
  const container = await startPlainContainer(createDocker(socketPath));
  try {
    await execToEnd(container, ['true']);
    return await sampleRss(() => execToEnd(container, command));
  } finally {
    await container.remove({ force: true });
  }
}

const sample = await (side === 'ours' ? measureOurs() : measureTheirs());
process.stdout.write(`${JSON.stringify(sample)}\n`);
