import {
  type CallOptions,
  currentController,
  type Engine,
  formatController,
  isProvablyDead,
  labelKeys,
  ownerLabels,
  parseController,
} from '@paracle/core';
import { z } from 'zod';
import { rollbackErrorCodes } from '../errors/rollback-error-codes.js';
import { RollbackError } from '../errors/rollback-errors.js';

/** What has to be known to finish a replacement. */
export interface ReplacementEntry {
  /** Of this one replacement. */
  readonly attempt: string;
  readonly lineage: string;
  /** The container's name. */
  readonly name: string;
  /** Id of the container that is replaced. */
  readonly containerId: string;
  /** Name of the snapshot's image, which the new container is made from. */
  readonly reference: string;
  readonly isRunning: boolean;
  /** Ids of networks that an enforcer attaches the container to. */
  readonly networks: readonly string[];
}

const LABEL = 'dev.paracle.replacement';
const PURPOSE = { [labelKeys.purpose]: 'replacement' } as const;

const schema: z.ZodType<ReplacementEntry> = z.strictObject({
  attempt: z.string(),
  lineage: z.string(),
  name: z.string(),
  containerId: z.string(),
  reference: z.string(),
  isRunning: z.boolean(),
  networks: z.array(z.string()),
});

/** Of this process; those of others are known by their owner. */
const underWay = new Set<string>();

/**
 * Which containers are just being replaced, on the engine itself: an empty volume for each, since a container keeps its
 * labels, so that nothing can be noted there. It is also what keeps two from replacing one container at the same time.
 */
export class ReplacementJournal {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** @throws RollbackError `PARACLE_ROLLBACK_BUSY` */
  async open(entry: ReplacementEntry, options: CallOptions = {}): Promise<void> {
    const labels = { ...ownerLabels({ purpose: 'replacement', isRetained: true }), [LABEL]: JSON.stringify(entry) };
    underWay.add(entry.attempt);
    try {
      const volume = await this.#engine.volumes.create({ ...options, name: toName(entry.lineage), labels });
      if (parseEntry(volume.labels)?.attempt !== entry.attempt) throw busy(entry);
    } catch (error) {
      underWay.delete(entry.attempt);
      throw error;
    }
  }

  async close(entry: ReplacementEntry): Promise<void> {
    await this.#engine.volumes.remove(toName(entry.lineage));
    underWay.delete(entry.attempt);
  }

  /** What failed stays noted, for `recover()`. */
  abandon({ attempt }: ReplacementEntry): void {
    underWay.delete(attempt);
  }

  /** Of controllers that are dead for certain, and of this one where it gave up. */
  async listUnfinished(options: CallOptions = {}): Promise<readonly ReplacementEntry[]> {
    const own = formatController(currentController());
    const volumes = await this.#engine.volumes.list({ ...options, labels: PURPOSE });
    return volumes.flatMap(({ labels }) => {
      const entry = parseEntry(labels);
      const owner = labels[labelKeys.owner] ?? '';
      const controller = parseController(owner);
      if (entry === undefined || controller === undefined) return [];
      return owner === own ? (underWay.has(entry.attempt) ? [] : [entry]) : isProvablyDead(controller) ? [entry] : [];
    });
  }
}

function toName(lineage: string): string {
  return `paracle-replacement-${lineage}`;
}

function parseEntry(labels: Readonly<Record<string, string>>): ReplacementEntry | undefined {
  try {
    return schema.parse(JSON.parse(labels[LABEL] ?? ''));
  } catch {
    return undefined;
  }
}

function busy({ name, containerId }: ReplacementEntry): RollbackError {
  return new RollbackError(
    rollbackErrorCodes.busy,
    `Container ${name} is just being rolled back, or was and did not end`,
    {
      details: { containerId },
      suggestion: 'Wait for it to end; where its process has ended, call recover() and try again.',
    },
  );
}
