/** A controller that makes sandboxes, runs commands in them and destroys them, over and over, until somebody kills it. */
import { SandboxManager } from '../../../dist/index.js';

const manager = new SandboxManager({ maxConcurrent: 2 });

async function work() {
  for (;;) {
    const sandbox = await manager.create();
    await Promise.all([
      sandbox.execute(['sh', '-c', 'setsid sleep 900 >/dev/null 2>&1 & sleep 0.1'], { background: 'keep' }),
      sandbox.execute(['python3', '-c', 'print(1)']),
    ]);
    await sandbox.destroy();
  }
}

process.stdout.write('started\n');
await Promise.all([work(), work()]);
