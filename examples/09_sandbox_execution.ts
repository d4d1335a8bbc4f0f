/** Runs commands in a locked-down container: no network, no privileges, limits that hold. */
import {
  ExecutionTimeoutError,
  ResourceLimitExceededError,
  type SandboxConfig,
  SandboxManager,
} from '@paracle/sandbox';

const config: SandboxConfig = {
  baseImage: 'python:3.11-slim',
  cpuCores: 1.0,
  memoryMb: 128,
  timeoutSeconds: 60,
};

await using manager = new SandboxManager({ maxConcurrent: 10 });

await manager.managedSandbox(config, async (sandbox) => {
  const result = await sandbox.execute(['python3', '-c', "print('Hello')"]);
  console.log('stdout:', result.stdout.trim());
  console.log('exit code:', result.exitCode, 'in', result.usage?.durationMs.toFixed(1), 'ms');

  const { privileges, network, memory } = sandbox.guarantees;
  console.log(
    `runs as ${privileges.uid}:${privileges.gid}, network ${network.mode}, memory ${memory.enforcement} at ${memory.limitBytes} bytes`,
  );

  const failed = await sandbox.execute(['python3', '-c', 'import sys; sys.exit(3)']);
  console.log('a non-zero exit is data:', failed.exitCode);

  try {
    await sandbox.execute(['python3', '-c', "x = b'x' * (1 << 30)"]);
  } catch (error) {
    if (!(error instanceof ResourceLimitExceededError)) throw error;
    console.log(`resource limit exceeded: ${error.message} (cause: ${error.result.cause})`);
  }

  try {
    await sandbox.execute(['sh', '-c', '(setsid sleep 1000 &) ; sleep 1000'], { timeoutSeconds: 0.5 });
  } catch (error) {
    if (!(error instanceof ExecutionTimeoutError)) throw error;
    console.log(`${error.message}; processes left: ${error.result.survivorCount}`);
  }

  const execution = sandbox.start(['sh', '-c', 'for i in 1 2 3; do echo line $i; sleep 0.1; done']);
  for await (const { bytes } of execution.output) process.stdout.write(`streamed: ${Buffer.from(bytes).toString()}`);
});
