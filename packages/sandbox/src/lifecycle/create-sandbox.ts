import {
  type CallOptions,
  coreErrorCodes,
  createId,
  type Engine,
  type EngineCapabilities,
  FileService,
  hasCode,
  type ImageDescription,
  type Logger,
  type NetworkEnforcer,
  SUPERVISOR_PATH,
  SupervisorConnection,
} from '@paracle/core';
import { HOME_DIRECTORY, type ResolvedSandboxConfig } from '../config/sandbox-config.js';
import type { DiskLimit } from '../disk/disk-limit.js';
import { DiskWatchdog } from '../disk/disk-watchdog.js';
import { FullDisk } from '../disk/full-disk.js';
import { type DiskPlan, planDisk } from '../disk/plan-disk.js';
import { sandboxErrorCodes } from '../errors/sandbox-error-codes.js';
import { LimitUnenforcedError, SandboxError } from '../errors/sandbox-errors.js';
import { computeGuarantees } from '../guarantees/compute-guarantees.js';
import { findShortfalls } from '../guarantees/find-shortfalls.js';
import type { SandboxGuarantees } from '../guarantees/guarantees.js';
import { lookInside } from '../guarantees/inside-view.js';
import { verifyContainer } from '../guarantees/verify-container.js';
import { checkMounts } from './check-mounts.js';
import { type ContainerBody, storeVolumeName, toContainerBody } from './container-body.js';
import { removeSandbox } from './remove-sandbox.js';
import { resolveImage } from './resolve-image.js';
import { resolveUser, type SandboxUser } from './resolve-user.js';

const GREETING_MS = 30_000;
const PREPARE_MS = 30_000;

/** A sandbox's parts once it stands. */
export interface CreatedSandbox {
  readonly id: `sbx_${string}`;
  readonly containerId: string;
  readonly connection: SupervisorConnection;
  readonly user: SandboxUser;
  readonly imageEnvironment: readonly string[];
  readonly guarantees: SandboxGuarantees;
  readonly disk: DiskLimit | undefined;
  readonly verify: (options: CallOptions) => Promise<SandboxGuarantees>;
}

interface CreateContext {
  readonly engine: Engine;
  readonly config: ResolvedSandboxConfig;
  readonly allowedHostPaths: readonly string[];
  readonly logger: Logger;
  readonly signal: AbortSignal | undefined;
}

/** Makes a sandbox, or nothing: what was made before a failure is removed before that is thrown. */
export async function createSandbox(context: CreateContext): Promise<CreatedSandbox> {
  const { engine, config, signal } = context;
  const capabilities = await engine.capabilities({ signal });
  refuseUnknownRuntime(config, capabilities);
  if (config.networkMode !== 'none') requireEnforcer(engine, config.networkMode);
  const { endpoint } = await engine.connect({ signal });
  await checkMounts(config, { endpoint, capabilities, allowedHostPaths: context.allowedHostPaths });
  const image = await resolveImage(engine, config.baseImage, { signal });
  const disk = planDisk(config, { capabilities, image });
  try {
    return await attempt(context, { image, disk, isBroken: false });
  } catch (error) {
    if (!isSupervisorBroken(error)) throw error;
    context.logger.warn({ err: error }, 'supervisor volume is broken and is made anew');
    return attempt(context, { image, disk, isBroken: true });
  }
}

function refuseUnknownRuntime({ runtime }: ResolvedSandboxConfig, { runtimes }: EngineCapabilities): void {
  if (runtime === undefined || runtimes.includes(runtime)) return;
  throw new SandboxError(sandboxErrorCodes.limitUnsupported, `This engine has no runtime ${runtime}`, {
    details: { option: 'runtime', runtimes },
    suggestion: `It has ${runtimes.join(', ')}.`,
  });
}

/**
 * Whether the supervisor did not start, or something else answered in its place: the volume may be
 * empty or of another build, since whoever may use the engine can change it.
 */
function isSupervisorBroken(error: unknown): boolean {
  if (hasCode(error, coreErrorCodes.supervisorMismatch) || hasCode(error, coreErrorCodes.supervisorLost)) return true;
  return hasCode(error, sandboxErrorCodes.createFailed) && error.message.includes(SUPERVISOR_PATH);
}

async function attempt(
  context: CreateContext,
  { image, disk, isBroken }: { readonly image: ImageDescription; readonly disk: DiskPlan; readonly isBroken: boolean },
): Promise<CreatedSandbox> {
  const { engine, config, signal, logger } = context;
  const supervisor = await engine.supervisors.mount(image.id, { signal, isBroken }).catch((error: unknown) => {
    throw explain(error, config);
  });
  const id = createId('sbx');
  const body = toContainerBody(config, { sandboxId: id, imageId: image.id, supervisor, disk });
  try {
    const created = await engine.containers.create({ name: `paracle-${id}`, body: body.body }, { signal });
    refuseWarnings(created.warnings);
    const connection = await start(context, created.id, supervisor.buildId);
    const ready = await prepare(context, { containerId: created.id, connection, image, body, disk });
    engine.supervisors.register(created.id, connection);
    const guarantees = (await joinNetwork(context, created.id, ready)) ?? ready.guarantees;
    return { id, containerId: created.id, connection, imageEnvironment: image.environment, ...ready, guarantees };
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

/** Once all that holds without a network is seen to hold; what holds with it, or nothing where there is to be none. */
async function joinNetwork(
  { engine, config: { networkMode }, signal }: CreateContext,
  containerId: string,
  { verify }: Pick<CreatedSandbox, 'verify'>,
): Promise<SandboxGuarantees | undefined> {
  if (networkMode === 'none') return undefined;
  await requireEnforcer(engine, networkMode).attach(containerId, networkMode, { signal });
  return verify({ signal });
}

function requireEnforcer(engine: Engine, networkMode: string): NetworkEnforcer {
  const enforcer = engine.networkAttachments.enforcerOf(networkMode);
  if (enforcer !== undefined) return enforcer;
  throw new SandboxError(
    sandboxErrorCodes.limitUnsupported,
    `Nothing enforces the policy of the network ${networkMode} on this engine`,
    {
      details: { option: 'networkMode' },
      suggestion: 'Make a NetworkIsolator of @paracle/isolation with the same engine, and the network with it.',
    },
  );
}

interface SandboxParts {
  readonly containerId: string;
  readonly connection: SupervisorConnection;
  readonly image: ImageDescription;
  readonly body: ContainerBody;
  readonly disk: DiskPlan;
}

async function prepare(
  context: CreateContext,
  parts: SandboxParts,
): Promise<Pick<CreatedSandbox, 'user' | 'guarantees' | 'disk' | 'verify'>> {
  const { config, signal } = context;
  await using files = FileService.open(parts.connection, 'root', { signal, timeoutMs: PREPARE_MS });
  const user = await resolveUser({ asked: config.user, image: parts.image.user }, files);
  const verify = async (options: CallOptions): Promise<SandboxGuarantees> =>
    verifyGuarantees(context, { ...parts, user }, options);
  const made = makeDirectories(files, { config, disk: parts.disk, user });
  made.catch(() => undefined); // where both fail, what is not in force is why
  const guarantees = await verify({ signal });
  await made;
  const disk = await limitDisk({ ...parts, user }, config, guarantees);
  return { user, guarantees, disk, verify };
}

async function limitDisk(
  { disk, connection, user }: Pick<SandboxParts, 'disk' | 'connection'> & { readonly user: SandboxUser },
  { workingDirectory }: ResolvedSandboxConfig,
  { disk: { parts, limitBytes = 0 } }: SandboxGuarantees,
): Promise<DiskLimit | undefined> {
  if (disk.mechanism === 'none') return undefined;
  if (disk.mechanism === 'watchdog') return DiskWatchdog.begin(connection, disk);
  return new FullDisk(connection, user, parts ?? [{ path: workingDirectory, limitBytes }]);
}

/** What holds now; a limit or rule that was asked for and does not is an error. */
async function verifyGuarantees(
  { engine, config }: CreateContext,
  { containerId, connection, user, body, disk }: SandboxParts & { readonly user: SandboxUser },
  options: CallOptions,
): Promise<SandboxGuarantees> {
  const attachment = engine.networkAttachments.get(containerId);
  await attachment?.check(options);
  const [inside, container, { runcVersion }] = await Promise.all([
    lookInside(connection, user, options),
    engine.containers.inspect(containerId, options),
    engine.capabilities(options),
  ]);
  const guarantees = computeGuarantees(container, inside, {
    plan: disk,
    runcVersion,
    networkId: attachment?.networkId,
  });
  const differences = [...verifyContainer(container, body.expected), ...findShortfalls(guarantees, config, inside)];
  if (differences.length > 0) throw new LimitUnenforcedError(differences);
  return guarantees;
}

async function makeDirectories(
  files: FileService,
  {
    config,
    disk,
    user,
  }: { readonly config: ResolvedSandboxConfig; readonly disk: DiskPlan; readonly user: SandboxUser },
): Promise<void> {
  const own = { mode: 0o755, owner: user };
  const volumes = disk.mechanism === 'tmpfs' ? disk.parts.filter(({ isShared }) => !isShared) : [];
  const directories = new Set([HOME_DIRECTORY, config.workingDirectory, ...volumes.map(({ path }) => path)]);
  await Promise.all(
    [...parentsOf(HOME_DIRECTORY), ...parentsOf(config.workingDirectory)].map((path) => makeIfMissing(files, path)),
  );
  await Promise.all([...directories].map(async (path) => files.makeDirectory(path, own)));
}

function parentsOf(path: string): string[] {
  const parts = path.split('/').slice(1, -1);
  return parts.map((_part, index) => `/${parts.slice(0, index + 1).join('/')}`);
}

/** A directory that is there keeps what it is: no attributes are set. */
async function makeIfMissing(files: FileService, path: string): Promise<void> {
  await files.stat(path).catch(() => files.makeDirectory(path, { mode: 0o755 }));
}

/**
 * What the engine says on a full disk. In the second form overlayfs had no room for its own directory, which the kernel
 * passes over (`ovl_get_workdir` mounts read-only then) and the engine misses.
 */
const FULL_DISK = /no space left on device|\/work\/work: no such file or directory/iu;

function explain(error: unknown, config: ResolvedSandboxConfig): unknown {
  if (!hasCode(error, coreErrorCodes.engineResponse)) return error;
  if (FULL_DISK.test(error.message)) {
    return new SandboxError(sandboxErrorCodes.engineDiskFull, 'The disk that the engine keeps its data on is full', {
      suggestion: 'Free space there: `docker system df` tells what takes it, prune() removes what sandboxes left.',
      cause: error,
    });
  }
  if (config.diskMb !== undefined && /storage-opt|quota/iu.test(error.message)) {
    return new SandboxError(sandboxErrorCodes.limitUnsupported, `The engine can't limit disk space: ${error.message}`, {
      details: { option: 'diskMb' },
      suggestion: "Set diskEnforcement: 'tmpfs', or mount the engine's xfs with project quotas.",
      cause: error,
    });
  }
  return new SandboxError(sandboxErrorCodes.createFailed, `The engine refused the sandbox: ${error.message}`, {
    details: { cpuCores: config.cpuCores, memoryMb: config.memoryMb, pidsLimit: config.pidsLimit },
    suggestion: 'Lower the limits to what the engine has; doctor() tells what that is.',
    cause: error,
  });
}
