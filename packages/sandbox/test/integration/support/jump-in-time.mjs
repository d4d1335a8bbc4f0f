/**
 * Uses a sandbox while the wall clock of this process jumps by days, back and forth, at every look at it; says what came
 * of it. What measures time by that clock gives up at once, or never.
 */
const DAY_MS = 86_400_000;
const realNow = Date.now;
let looks = 0;
const jump = () => (looks++ % 2 === 0 ? 400 : -400) * DAY_MS;
Date.now = () => realNow() + jump();
globalThis.Date = class extends Date {
  constructor(...parts) {
    if (parts.length === 0) super(realNow() + jump());
    else super(...parts);
  }
};

const { SandboxManager, SandboxMonitor } = await import('../../../dist/index.js');
const codeOf = (error) => error.code;
const manager = new SandboxManager();
try {
  const sandbox = await manager.create({ timeoutSeconds: 60 });
  const monitor = new SandboxMonitor(sandbox, { intervalSeconds: 0.05 });
  const slept = await sandbox.execute(['sleep', '1']);
  const timedOut = await sandbox.execute(['sleep', '100'], { timeoutSeconds: 0.5 }).catch(codeOf);
  await sandbox.engine.containers.pause(sandbox.container.id);
  const silent = await sandbox.getStats({ timeoutMs: 200 }).catch(codeOf);
  await sandbox.engine.containers.unpause(sandbox.container.id);
  await monitor.close();
  const times = monitor.samples.map(({ elapsedMs }) => elapsedMs);
  const isInOrder = times.every((time, index) => index === 0 || time > times[index - 1]);
  const isPlausible = times.at(-1) < DAY_MS && slept.usage.durationMs < DAY_MS;
  const answer = { exitCode: slept.exitCode, timedOut, silent, isInOrder, isPlausible, hasJumped: looks > 2 };
  process.stdout.write(JSON.stringify(answer));
} finally {
  await manager.close();
}
