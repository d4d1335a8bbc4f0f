import { isolationErrorCodes } from '../errors/isolation-error-codes.js';
import { IsolationError } from '../errors/isolation-errors.js';

/** The kernel holds what compileRuleset made, so no honest answer comes near this. */
const MAX_LENGTH = 64 * 1024 * 1024;

/** One thing that nft lists: its kind, and its fields. */
export interface NftObject {
  readonly kind: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/**
 * Reads what `nft -j list …` printed.
 * @throws IsolationError `PARACLE_ISOLATION_RULESET_UNREADABLE`, also where nft broke off: that of Debian 12 does for
 * a table that was made dormant.
 */
export function readNftObjects(output: string): readonly NftObject[] {
  const root = output.length > MAX_LENGTH ? undefined : parseJson(output);
  const list = isRecord(root) ? root['nftables'] : undefined;
  if (!Array.isArray(list) || list.length === 0) throw unreadable('a list of objects');
  return list.map((entry: unknown) => {
    const [pair, ...more] = isRecord(entry) ? Object.entries(entry) : [];
    if (pair === undefined || more.length > 0 || !isRecord(pair[1])) throw unreadable('objects of one kind each');
    return { kind: pair[0], fields: pair[1] };
  });
}

/** Whether a value is an object with fields. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The error for what is not as nft prints it. */
export function unreadable(expected: string): IsolationError {
  return new IsolationError(
    isolationErrorCodes.rulesetUnreadable,
    `Expected nft to print ${expected} as JSON, got something else`,
    { suggestion: 'Take the rules for lost: load them again, and check which nft was called.' },
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
