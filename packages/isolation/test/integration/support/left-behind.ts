import { currentController, type Engine, formatController, labelKeys, parseController } from '@paracle/core';

interface Labelled {
  readonly labels: Readonly<Record<string, string>>;
}

/** Names of guards and networks that a controller made and that are still there. */
export async function listLeftBehind(
  engine: Engine,
  pid: number = currentController().pid,
): Promise<readonly string[]> {
  const purposes = ['guard', 'network'];
  const isOwn = ({ labels }: Labelled): boolean =>
    purposes.includes(labels[labelKeys.purpose] ?? '') && isOwnedBy(labels[labelKeys.owner] ?? '', pid);
  const [containers, networks] = await Promise.all([engine.containers.list({ all: true }), engine.networks.list()]);
  return [
    ...containers.filter(isOwn).map(({ id, names }) => `guard ${names[0] ?? id}`),
    ...networks.filter(isOwn).map(({ name, subnets }) => `network ${name} ${subnets[0]?.subnet ?? ''}`),
  ];
}

function isOwnedBy(label: string, pid: number): boolean {
  const owner = parseController(label);
  if (owner === undefined) return false;
  const here = { ...currentController(), pid, startTime: '0' };
  return formatController({ ...owner, startTime: '0' }) === formatController(here);
}
