import Docker from 'dockerode';

const MEBIBYTE = 1024 * 1024;

/** The image that both sides use. */
export const IMAGE = 'python:3.11-slim';
/** The sandboxes' default limits, for both sides. */
export const LIMITS = { memoryMb: 512, cpuCores: 1, pidsLimit: 256 } as const;

/** The other side: a client of the same engine with nothing in between. */
export function createDocker(socketPath: string): Docker {
  return new Docker({ socketPath });
}

/** Creates and starts a container with no network and a sandbox's limits, and nothing else. */
export async function startPlainContainer(docker: Docker, image: string = IMAGE): Promise<Docker.Container> {
  const container = await docker.createContainer({
    Image: image,
    Cmd: ['sleep', '1000000'],
    Labels: { 'paracle.benchmark': 'plain' },
    HostConfig: {
      NetworkMode: 'none',
      Memory: LIMITS.memoryMb * MEBIBYTE,
      MemorySwap: LIMITS.memoryMb * MEBIBYTE,
      NanoCpus: LIMITS.cpuCores * 1e9,
      PidsLimit: LIMITS.pidsLimit,
    },
  });
  await container.start();
  return container;
}

/** Runs a command by `docker exec` and reads its output to the end; resolves with the number of bytes. */
export async function execToEnd(container: Docker.Container, command: string[]): Promise<number> {
  const exec = await container.exec({ Cmd: command, AttachStdout: true, AttachStderr: true });
  const stream = await exec.start({ hijack: true, stdin: false });
  let bytes = 0;
  await new Promise<void>((resolve, reject) => {
    stream.on('data', (piece: Buffer) => {
      bytes += piece.length;
    });
    stream.on('end', resolve);
    stream.on('error', reject);
  });
  const { ExitCode } = await exec.inspect();
  if (ExitCode !== 0) throw new Error(`Expected the exec'd command to exit with 0, got ${ExitCode ?? 'nothing'}`);
  return bytes;
}
