import type { z } from 'zod';
import type { ConfigIssue } from '../errors/invalid-config-error.js';
import { describeValue } from './describe-value.js';
import { listKnownNames } from './known-names.js';
import { findNearestName } from './nearest-name.js';

type Issue = z.core.$ZodIssue;

/** What an issue is judged against. */
export interface IssueContext {
  readonly schema: unknown;
  readonly input: unknown;
}

/** Puts one of zod's issues in plain words; a misspelt option becomes one issue per name. */
export function describeIssue(issue: Issue, context: IssueContext): readonly ConfigIssue[] {
  const path = toPathText(issue.path);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path, message: describeUnknown(key, issue.path, context) }));
  }
  if (issue.code === 'invalid_union') return describeUnion(issue, context);
  const expected = toExpectation(issue);
  if (expected === undefined) return [{ path, message: path === '' ? issue.message : `\`${path}\`: ${issue.message}` }];
  const subject = path === '' ? 'the whole' : `\`${path}\``;
  return [{ path, message: `Expected ${subject} to be ${expected}, got ${describeValue(context.input, issue.path)}.` }];
}

function describeUnknown(key: string, parent: readonly PropertyKey[], { schema }: IssueContext): string {
  const nearest = findNearestName(key, listKnownNames(schema, parent));
  const name = toPathText([...parent, key]);
  if (nearest === undefined) return `Unknown option \`${name}\`.`;
  return `Unknown option \`${name}\`. Did you mean \`${toPathText([...parent, nearest])}\`?`;
}

/** Of several forms the one that came nearest is explained: the one with the fewest complaints deepest inside. */
function describeUnion(
  issue: Extract<Issue, { code: 'invalid_union' }>,
  context: IssueContext,
): readonly ConfigIssue[] {
  const path = toPathText(issue.path);
  const inside = issue.errors.find((branch) => branch.length > 0 && branch.every((inner) => isInside(inner)));
  if (inside !== undefined) {
    return inside.flatMap((inner) => describeIssue({ ...inner, path: [...issue.path, ...inner.path] }, context));
  }
  const forms = [...new Set(issue.errors.flat().map((inner) => toExpectation(inner) ?? inner.message))];
  const expected = forms.length === 0 ? 'one of the known forms' : forms.join(' or ');
  return [
    { path, message: `Expected \`${path}\` to be ${expected}, got ${describeValue(context.input, issue.path)}.` },
  ];
}

function isInside(issue: Issue): boolean {
  return issue.path.length > 0 || issue.code === 'unrecognized_keys';
}

function toExpectation(issue: Issue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return typeWords.get(issue.expected) ?? `a ${issue.expected}`;
    case 'too_small':
      return `${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}${toUnit(issue.origin)}`;
    case 'too_big':
      return `${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}${toUnit(issue.origin)}`;
    case 'invalid_value':
      return issue.values.map((value) => JSON.stringify(value)).join(' or ');
    case 'not_multiple_of':
      return `a multiple of ${issue.divisor}`;
    default:
      return undefined;
  }
}

const typeWords: ReadonlyMap<string, string> = new Map([
  ['string', 'a text'],
  ['int', 'a whole number'],
  ['boolean', 'true or false'],
  ['array', 'a list'],
  ['object', 'an object'],
]);

function toUnit(origin: string): string {
  if (origin === 'string') return ' characters long';
  return origin === 'array' || origin === 'set' ? ' entries long' : '';
}

function toPathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, segment) => {
    if (typeof segment === 'number') return `${text}[${segment}]`;
    return text === '' ? String(segment) : `${text}.${String(segment)}`;
  }, '');
}
