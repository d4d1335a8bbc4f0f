import type { z } from 'zod';
import { InvalidConfigError } from '../errors/invalid-config-error.js';
import { deepFreeze } from './deep-freeze.js';
import { describeIssue } from './describe-issue.js';

/**
 * Checks options against their schema and resolves the defaults. The result is frozen, all of it.
 * @param what What is checked, for messages: `engine options`.
 * @throws InvalidConfigError `PARACLE_CORE_CONFIG_INVALID` with everything that is wrong, in plain words;
 * a misspelt name comes with the nearest known one, and values that may be secret are not repeated.
 */
export function parseConfig<Config>(schema: z.ZodType<Config>, input: unknown, what: string): Config {
  const result = schema.safeParse(input);
  if (result.success) return deepFreeze(result.data);
  const issues = result.error.issues.flatMap((issue) => describeIssue(issue, { schema, input }));
  throw new InvalidConfigError(what, issues);
}
