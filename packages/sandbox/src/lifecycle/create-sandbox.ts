import {
  coreErrorCodes,
  createId,
  type Engine,
  FileService,
  hasCode,
  type ImageDescription,
  type Logger,
  SUPERVISOR_PATH,
  SupervisorConnection,
} from '@paracle/core';
import type { ResolvedSandboxConfig } from '../config/sandbox-config.js';
import { sandboxErrorCodes } from '../errors/sandbox-error-codes.js';
import { LimitUnenforcedError, SandboxError } from '../errors/sandbox-errors.js';
import { computeGuarantees, findShortfalls } from '../guarantees/compute-guarantees.js';
import type { SandboxGuarantees } from '../guarantees/guarantees.js';
import { lookInside } from '../guarantees/inside-view.js';
import { verifyContainer } from '../guarantees/verify-container.js';
import { type ContainerBody, storeVolumeName, toContainerBody } from './container-body.js';
import { removeSandbox } from './remove-sandbox.js';
import { resolveImage } from './resolve-image.js';
import { resolveUser, type SandboxUser } from './resolve-user.js';

const GREETING_MS = 30_000;
/** Home of the sandbox's user: apart from the working directory, so that caches are no changes of it. */
export const HOME_DIRECTORY = '/home/sandbox';

/** A sandbox's parts once it stands. */
export interface CreatedSandbox {
  readonly id: `sbx_${string}`;
  readonly containerId: string;
  readonly connection: SupervisorConnection;
  readonly user: SandboxUser;
  readonly imageEnvironment: readonly string[];
  readonly guarantees: SandboxGuarantees;
}

interface CreateContext {
  readonly engine: Engine;
  readonly config: ResolvedSandboxConfig;
  readonly logger: Logger;
  readonly signal: AbortSignal | undefined;
}

/** Makes a sandbox, or nothing: what was made before a failure is removed before that is thrown. */
export async function createSandbox(context: CreateContext): Promise<CreatedSandbox> {
  const { engine, config, signal } = context;
  refuseUnsupported(config);
  const image = await resolveImage(engine, config.baseImage, { signal });
  try {
    return await attempt(context, image, false);
  } catch (error) {
    if (!isSupervisorBroken(error)) throw error;
    context.logger.warn({ err: error }, 'supervisor volume is broken and is made anew');
    return attempt(context, image, true);
  }
}

function refuseUnsupported(config: ResolvedSandboxConfig): void {
  const unsupported = [
    ...(config.diskMb === undefined ? [] : ['diskMb']),
    ...(config.readOnlyFilesystem ? ['readOnlyFilesystem'] : []),
  ];
  if (unsupported.length === 0) return;
  throw new SandboxError(
    sandboxErrorCodes.limitUnsupported,
    `${unsupported.join(' and ')} can't be enforced yet, so a sandbox with it is not made`,
    { details: { options: unsupported }, suggestion: `Leave out ${unsupported.join(' and ')}.` },
  );
}

/**
 * Whether the supervisor did not start, or something else answered in its place: the volume may be
 * empty or of another build, since whoever may use the engine can change it.
 */
function isSupervisorBroken(error: unknown): boolean {
  if (hasCode(error, coreErrorCodes.supervisorMismatch) || hasCode(error, coreErrorCodes.supervisorLost)) return true;
  return hasCode(error, sandboxErrorCodes.createFailed) && error.message.includes(SUPERVISOR_PATH);
}

async function attempt(context: CreateContext, image: ImageDescription, isBroken: boolean): Promise<CreatedSandbox> {
  const { engine, config, signal, logger } = context;
  const supervisor = await engine.supervisors.mount(image.id, { signal, isBroken });
  const id = createId('sbx');
  const body = toContainerBody(config, { sandboxId: id, imageId: image.id, supervisor });
  try {
    const created = await engine.containers.create({ name: `paracle-${id}`, body: body.body }, { signal });
    refuseWarnings(created.warnings);
    const connection = await start(context, created.id, supervisor.buildId);
    const ready = await prepare(context, { containerId: created.id, connection, image, body });
    engine.supervisors.register(created.id, connection);
    return { id, containerId: created.id, connection, imageEnvironment: image.environment, ...ready };
  } catch (error) {
    await removeSandbox(engine, { containerId: `paracle-${id}`, storeVolume: storeVolumeName(id) }).catch(
      (err: unknown) => {
        logger.error({ err, sandboxId: id }, 'failed creation could not be cleaned up; the next prune will');
      },
    );
    throw explain(error, config);
  }
}

/**
 * An engine that drops a limit says so in a warning only. Two are left to what is seen inside afterwards:
 * no accounting of swap, which is no matter on a host without swap, and the emulation of another platform.
 */
function refuseWarnings(warnings: readonly string[]): void {
  const refused = warnings.filter((warning) => !/swap limit|does not match the (detected|specified)/iu.test(warning));
  if (refused.length > 0) throw new LimitUnenforcedError(refused);
}

/** Attached before it starts, so that the greeting waits for the supervisor and nothing gets lost. */
async function start(
  context: CreateContext,
  containerId: string,
  expectedBuildId: string,
): Promise<SupervisorConnection> {
  const { engine, signal } = context;
  const connection = SupervisorConnection.over(await engine.containers.attach(containerId, { signal }));
  try {
    await engine.containers.start(containerId, { signal });
    await connection.greeted({ expectedBuildId, timeoutMs: GREETING_MS, ...(signal !== undefined && { signal }) });
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

async function prepare(
  context: CreateContext,
  parts: { containerId: string; connection: SupervisorConnection; image: ImageDescription; body: ContainerBody },
): Promise<{ user: SandboxUser; guarantees: SandboxGuarantees }> {
  const { engine, config, signal } = context;
  const { connection, image } = parts;
  const described = engine.containers.inspect(parts.containerId, { signal });
  described.catch(() => undefined);
  await using files = FileService.open(connection, 'root');
  const user = await resolveUser(image.user, files);
  const [inside, container] = await Promise.all([
    lookInside(connection, user),
    described,
    makeDirectories(files, config, user),
  ]);
  const guarantees = computeGuarantees(container, inside);
  const differences = [
    ...verifyContainer(container, parts.body.expected),
    ...findShortfalls(guarantees, config, inside),
  ];
  if (differences.length > 0) throw new LimitUnenforcedError(differences);
  return { user, guarantees };
}

async function makeDirectories(files: FileService, config: ResolvedSandboxConfig, user: SandboxUser): Promise<void> {
  const own = { mode: 0o755, owner: user };
  await Promise.all(
    [...parentsOf(HOME_DIRECTORY), ...parentsOf(config.workingDirectory)].map((path) => makeIfMissing(files, path)),
  );
  await Promise.all([files.makeDirectory(HOME_DIRECTORY, own), files.makeDirectory(config.workingDirectory, own)]);
}

function parentsOf(path: string): string[] {
  const parts = path.split('/').slice(1, -1);
  return parts.map((_part, index) => `/${parts.slice(0, index + 1).join('/')}`);
}

/** A directory that is there keeps what it is: no attributes are set. */
async function makeIfMissing(files: FileService, path: string): Promise<void> {
  await files.stat(path).catch(() => files.makeDirectory(path, { mode: 0o755 }));
}

function explain(error: unknown, config: ResolvedSandboxConfig): unknown {
  if (!hasCode(error, coreErrorCodes.engineResponse)) return error;
  return new SandboxError(sandboxErrorCodes.createFailed, `The engine refused the sandbox: ${error.message}`, {
    details: { cpuCores: config.cpuCores, memoryMb: config.memoryMb, pidsLimit: config.pidsLimit },
    suggestion: 'Lower the limits to what the engine has; doctor() tells what that is.',
    cause: error,
  });
}
