import {
  type CallOptions,
  type ContainerDescription,
  type ContainerReference,
  type Engine,
  labelKeys,
  resolveContainer,
} from '@paracle/core';

/** A container that Paracle did not make; undefined for one that it made. */
export async function findForeign(
  engine: Engine,
  reference: ContainerReference,
  options: CallOptions = {},
): Promise<ContainerDescription | undefined> {
  const isSandbox = typeof reference === 'string' && reference.startsWith('sbx_');
  const id = isSandbox ? await resolveContainer(engine, reference, options) : idOf(reference);
  const container = await engine.containers.inspect(id, { signal: options.signal, timeoutMs: options.timeoutMs });
  return container.labels[labelKeys.managed] === 'true' ? undefined : container;
}

function idOf(reference: ContainerReference): string {
  return typeof reference === 'string' ? reference : reference.container.id;
}
