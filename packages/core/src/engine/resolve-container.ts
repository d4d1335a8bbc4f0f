import { labelKeys } from '../identity/labels.js';
import type { CallOptions } from './connection/call-options.js';
import type { Engine } from './engine.js';

/** A container as users name it: a sandbox, or the id of one, or a container's id or name. */
export type ContainerReference = string | { readonly container: { readonly id: string } };

/**
 * The engine's id of a container.
 * @throws ContainerNotFoundError `PARACLE_ENGINE_CONTAINER_NOT_FOUND`
 */
export async function resolveContainer(
  engine: Engine,
  reference: ContainerReference,
  options: CallOptions = {},
): Promise<string> {
  if (typeof reference !== 'string') return reference.container.id;
  if (reference.startsWith('sbx_')) {
    const [sandbox] = await engine.containers.list({
      ...options,
      all: true,
      labels: { [labelKeys.sandboxId]: reference },
    });
    if (sandbox !== undefined) return sandbox.id;
  }
  return (await engine.containers.inspect(reference, options)).id;
}
