import { currentController, type Engine, formatController, labelKeys, parseController } from '@paracle/core';

/** Names of containers and volumes that a controller made and that are still there; without the shared supervisor volume. */
export async function listLeftBehind(
  engine: Engine,
  pid: number = currentController().pid,
): Promise<readonly string[]> {
  const here = { ...currentController(), pid };
  const isOwn = ({ labels }: { readonly labels: Readonly<Record<string, string>> }): boolean => {
    const owner = parseController(labels[labelKeys.owner] ?? '');
    if (owner === undefined || labels[labelKeys.purpose] === 'supervisor') return false;
    return formatController({ ...owner, startTime: '0' }) === formatController({ ...here, startTime: '0' });
  };
  const [containers, volumes] = await Promise.all([engine.containers.list({ all: true }), engine.volumes.list()]);
  return [
    ...containers.filter(isOwn).map(({ id, names }) => names[0] ?? id),
    ...volumes.filter(isOwn).map(({ name }) => name),
  ];
}
