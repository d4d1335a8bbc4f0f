import { type Engine, labelKeys } from '@paracle/core';
import { z } from 'zod';

const hostConfigSchema = z.object({ NetworkMode: z.string() });

/** The ids of the guards in a container's namespace. */
export async function findGuards(engine: Engine, containerId: string): Promise<readonly string[]> {
  const guards = await engine.containers.list({ all: true, labels: { [labelKeys.purpose]: 'guard' } });
  const found = await Promise.all(
    guards.map(async ({ id }) => {
      // Others' guards come and go meanwhile.
      const guard = await engine.containers.inspect(id).catch(() => undefined);
      const mode = hostConfigSchema.safeParse(guard?.hostConfig).data?.NetworkMode;
      return mode === `container:${containerId}` ? [id] : [];
    }),
  );
  return found.flat();
}

/** Kills the one guard of a container as somebody else may, and says which it was. */
export async function killGuard(engine: Engine, containerId: string): Promise<string> {
  const [guard, ...more] = await findGuards(engine, containerId);
  if (guard === undefined || more.length > 0) throw new Error('Expected the container to have one guard');
  await engine.containers.kill(guard, 'SIGKILL');
  await engine.containers.wait(guard);
  return guard;
}
