import { setTimeout as delay } from 'node:timers/promises';
import {
  type CallOptions,
  type ContainerDescription,
  type ContainerReference,
  coreErrorCodes,
  currentController,
  type Engine,
  type FileService,
  formatController,
  hasCode,
  isProvablyDead,
  labelKeys,
  parseController,
  resolveContainer,
  type SupervisorConnection,
  startAgain,
} from '@paracle/core';
import { rollbackErrorCodes } from './errors/rollback-error-codes.js';
import { RollbackError } from './errors/rollback-errors.js';
import { tellNoSpace } from './errors/tell-no-space.js';
import { findRoots, isRootReadOnly } from './snapshot/list-file-systems.js';
import { SnapshotStore } from './snapshot/snapshot-store.js';

/** Of a supervisor that has just started. */
const MAX_ATTEMPTS = 20;
const ATTEMPT_MS = 2000;
const PAUSE_MS = 50;

/** For a sandbox that has just ended to be known to the engine as such. */
const STOP_MS = 2000;

/** A sandbox, and what is needed to work in it. */
export interface Target {
  readonly containerId: string;
  /** As the engine says: what the sandbox's store says could name any image of the engine. */
  readonly imageId: string;
  /** Where the file systems are mounted that snapshots cover. */
  readonly roots: readonly string[];
  /** Nothing outside of volumes and memory can change, or be changed. */
  readonly isRootReadOnly: boolean;
  readonly connection: SupervisorConnection;
  readonly store: SnapshotStore;
  readonly files: FileService;
}

/** What the engine says of a container, whose it may be. */
export async function describeContainer(
  engine: Engine,
  container: ContainerReference,
  { signal, timeoutMs }: CallOptions,
): Promise<ContainerDescription> {
  const options = { signal, timeoutMs };
  const isSandbox = typeof container !== 'string' || container.startsWith('sbx_');
  return engine.containers.inspect(isSandbox ? await resolveContainer(engine, container, options) : container, options);
}

/** Works in a sandbox, whatever else goes on there; `whileFrozen` keeps other processes off. */
export async function reachSandbox<Result>(
  engine: Engine,
  description: ContainerDescription,
  options: CallOptions,
  work: (target: Target) => Promise<Result>,
): Promise<Result> {
  const connection = await connect(engine, description, options);
  const { id: containerId, imageId } = description;
  const known = { containerId, imageId, roots: findRoots(description), isRootReadOnly: isRootReadOnly(description) };
  return SnapshotStore.use(
    connection,
    async (store, files) => work({ ...known, connection, store, files }),
    options,
  ).catch(tellNoSpace);
}

/** Whether a sandbox is this process's, or nobody's any more. */
export function isOursToStart(labels: Readonly<Record<string, string>>): boolean {
  const owner = labels[labelKeys.owner] ?? '';
  const controller = parseController(owner);
  if (labels[labelKeys.purpose] !== 'sandbox' || controller === undefined) return false;
  return owner === formatController(currentController()) || isProvablyDead(controller);
}

/** A sandbox ends with its controller; what is in it is still there once it is started again. */
async function connect(
  engine: Engine,
  { id, labels }: ContainerDescription,
  { signal, timeoutMs }: CallOptions,
): Promise<SupervisorConnection> {
  const options = { signal, timeoutMs };
  try {
    return await engine.supervisors.connect(id, options);
  } catch (cause) {
    if (!isUnreachable(cause)) throw cause;
    if (isOursToStart(labels) && (await hasStopped(engine, id, options))) return start(engine, id, options);
    throw new RollbackError(
      rollbackErrorCodes.containerUnsupported,
      `Container ${id} has no supervisor, which this takes: it is no sandbox that runs or has lost its controller`,
      { details: { containerId: id }, cause },
    );
  }
}

/** It may be about to. */
async function hasStopped(engine: Engine, id: string, { signal }: CallOptions): Promise<boolean> {
  const waiting = engine.containers.wait(id, { condition: 'not-running', timeoutMs: STOP_MS, signal });
  return waiting.then(
    () => true,
    (error: unknown) => {
      if (!hasCode(error, coreErrorCodes.engineTimeout)) throw error;
      return false;
    },
  );
}

async function start(engine: Engine, id: string, options: CallOptions): Promise<SupervisorConnection> {
  await startAgain(engine, id, options);
  for (let attempt = 1; ; attempt++) {
    try {
      return await engine.supervisors.connect(id, { ...options, timeoutMs: ATTEMPT_MS });
    } catch (error) {
      // It has started, but may not listen yet.
      if (attempt === MAX_ATTEMPTS || !isUnreachable(error)) throw error;
      await delay(PAUSE_MS, undefined, { signal: options.signal });
    }
  }
}

function isUnreachable(error: unknown): boolean {
  return hasCode(error, coreErrorCodes.supervisorUnreachable) || hasCode(error, coreErrorCodes.engineConflict);
}
