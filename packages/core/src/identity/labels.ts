import type { ControllerIdentity } from './controller.js';
import { currentController, formatController } from './controller.js';

/**
 * The labels on everything that Paracle makes. Labels can't be changed later, on any kind of object. Images of foreign
 * containers have none: a container takes over its image's.
 */
export const labelKeys = {
  /** `true` on all that is ours. */
  managed: 'dev.paracle.managed',
  /** The controller that made it, in the form that `parseController` reads. */
  owner: 'dev.paracle.owner',
  /** What it is for, an {@link ObjectPurpose}. */
  purpose: 'dev.paracle.purpose',
  /** When it was made, ISO 8601. */
  createdAt: 'dev.paracle.created-at',
  /** The sandbox it belongs to. */
  sandboxId: 'dev.paracle.sandbox-id',
  /** `true` on what outlives its controller and is never pruned. */
  retained: 'dev.paracle.retained',
} as const;

/** What an engine object is for. `supervisor` volumes are shared by all controllers of an engine and never pruned. */
export type ObjectPurpose =
  | 'sandbox'
  | 'supervisor'
  | 'supervisor-install'
  | 'store'
  | 'guard'
  | 'network'
  | 'workspace'
  | 'snapshot'
  | 'replacement';

/** What {@link ownerLabels} takes. */
export interface OwnerLabelsOptions {
  /** @defaultValue this process */
  readonly owner?: ControllerIdentity | undefined;
  readonly purpose: ObjectPurpose;
  readonly sandboxId?: string | undefined;
  /** Whether it outlives its controller. */
  readonly isRetained?: boolean | undefined;
  /** @defaultValue now */
  readonly createdAt?: Date | undefined;
}

/** The labels that every engine object of ours carries. */
export function ownerLabels(options: OwnerLabelsOptions): Readonly<Record<string, string>> {
  const { owner = currentController(), purpose, sandboxId, isRetained = false, createdAt = new Date() } = options;
  return {
    [labelKeys.managed]: 'true',
    [labelKeys.owner]: formatController(owner),
    [labelKeys.purpose]: purpose,
    [labelKeys.createdAt]: createdAt.toISOString(),
    ...(sandboxId === undefined ? {} : { [labelKeys.sandboxId]: sandboxId }),
    ...(isRetained ? { [labelKeys.retained]: 'true' } : {}),
  };
}
