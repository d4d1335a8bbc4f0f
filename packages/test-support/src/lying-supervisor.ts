import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';

const IMAGE = 'python:3.11-slim';
const PROGRAM = new URL('../../core/native/test/lying-supervisor.py', import.meta.url);
const DIRECTORY = '/.paracle/bin';
const INSTALL = 'printf %s "$0" > supervisor; printf %s "$1" > build-id; printf %s "$2" > lie; chmod 755 supervisor';

type Labels = Readonly<Record<string, string>>;

/** Core's `ownerLabels`, as far as it is needed. */
type MakeLabels = (made: { readonly purpose: 'supervisor' | 'supervisor-install' }) => Labels;

/** Core's interface of that name. */
interface SupervisorMount {
  readonly mount: Readonly<Record<string, unknown>>;
  readonly buildId: string;
}

/** Core's `Engine`, as far as it is needed. */
interface SupervisingEngine {
  readonly supervisors: { mount(image: string): Promise<SupervisorMount> };
  readonly volumes: {
    create(body: { readonly name: string; readonly labels: Labels }): Promise<unknown>;
    remove(name: string): Promise<void>;
  };
  readonly containers: {
    create(options: { readonly body: object }): Promise<{ readonly id: string }>;
    start(id: string): Promise<void>;
    wait(id: string): Promise<{ readonly exitCode: number }>;
    remove(id: string, options: { readonly force: true }): Promise<void>;
  };
}

/** A volume with a supervisor that was taken over, in place of the one with ours. */
export interface LyingSupervisor extends AsyncDisposable {
  readonly mount: SupervisorMount;
}

/** Puts the lying supervisor into a volume; sandboxes of this engine object get it from then on. */
export async function installLyingSupervisor(
  engine: SupervisingEngine,
  ownerLabels: MakeLabels,
  lie = 'none',
): Promise<LyingSupervisor> {
  const { buildId } = await engine.supervisors.mount(IMAGE);
  const name = `paracle-test-liar-${randomUUID()}`;
  await engine.volumes.create({ name, labels: ownerLabels({ purpose: 'supervisor' }) });
  const volume = { Type: 'volume', Source: name, Target: DIRECTORY };
  const { id } = await engine.containers.create({
    body: {
      Image: IMAGE,
      Cmd: ['sh', '-c', INSTALL, await readFile(PROGRAM, 'utf8'), buildId, lie],
      WorkingDir: DIRECTORY,
      Labels: ownerLabels({ purpose: 'supervisor-install' }),
      HostConfig: { NetworkMode: 'none', Mounts: [volume] },
    },
  });
  await engine.containers.start(id);
  const { exitCode } = await engine.containers.wait(id);
  await engine.containers.remove(id, { force: true });
  if (exitCode !== 0) throw new Error('The lying supervisor could not be installed');
  const mount = { mount: { ...volume, ReadOnly: true }, buildId };
  engine.supervisors.mount = async () => Promise.resolve(mount);
  return { mount, [Symbol.asyncDispose]: async () => engine.volumes.remove(name) };
}
