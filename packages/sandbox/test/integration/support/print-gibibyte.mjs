/** Runs one command that prints a gibibyte, and says by how many bytes this process grew meanwhile. */
import { SandboxManager } from '../../../dist/index.js';

const manager = new SandboxManager();
try {
  const sandbox = await manager.create();
  await sandbox.execute(['head', '-c', '50000000', '/dev/zero']);
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  let most = before;
  const timer = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 10);
  const result = await sandbox.execute(['head', '-c', '1073741824', '/dev/zero'], { timeoutSeconds: 300 });
  clearInterval(timer);
  const { exitCode, droppedBytes, stdoutBytes, usage } = result;
  const answer = {
    exitCode,
    bytes: stdoutBytes.length + droppedBytes.stdout,
    grewBytes: most - before,
    durationMs: usage.durationMs,
  };
  process.stdout.write(JSON.stringify(answer));
} finally {
  await manager.close();
}
