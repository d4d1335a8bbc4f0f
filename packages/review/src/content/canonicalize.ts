import { reviewErrorCodes } from '../errors/review-error-codes.js';
import { ReviewInputError } from '../errors/review-refusal-errors.js';

const maxDepth = 100;

function refuse(where: string, found: string): never {
  throw new ReviewInputError(
    reviewErrorCodes.contentInvalid,
    `Expected the content to be plain JSON, found ${found} at ${where || 'the top'}.`,
    'Hand in objects, arrays, strings, finite numbers, booleans and null only.',
  );
}

function canonicalString(value: string, where: string): string {
  return /\p{Surrogate}/u.test(value) ? refuse(where, 'a string with half of a surrogate pair') : JSON.stringify(value);
}

function canonicalObject(value: object, where: string, depth: number): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  const isPlain = prototype === null || Object.getPrototypeOf(prototype) === null;
  if (!isPlain || Object.prototype.toString.call(value) !== '[object Object]') refuse(where, 'an object of a class');
  const members = new Map<string, unknown>(Object.entries(value));
  const parts: string[] = [];
  // RFC 8785 sorts by UTF-16 code units, which is what sort() does.
  for (const key of [...members.keys()].sort()) {
    const member = members.get(key);
    if (member === undefined) continue;
    const inside = where === '' ? key : `${where}.${key}`;
    parts.push(`${canonicalString(key, inside)}:${canonical(member, inside, depth + 1)}`);
  }
  return `{${parts.join(',')}}`;
}

function canonical(value: unknown, where: string, depth: number): string {
  if (depth > maxDepth) refuse(where, `more than ${maxDepth} levels`);
  if (value === null) return 'null';
  switch (typeof value) {
    case 'string':
      return canonicalString(value, where);
    case 'boolean':
      return String(value);
    case 'number':
      return Number.isFinite(value) ? JSON.stringify(value) : refuse(where, String(value));
    case 'object':
      if (!Array.isArray(value)) return canonicalObject(value, where, depth);
      return `[${Array.from<unknown>(value)
        .map((item, index) => canonical(item, `${where}[${index}]`, depth + 1))
        .join(',')}]`;
    default:
      return refuse(where, typeof value);
  }
}

/**
 * The canonical JSON text of a value (RFC 8785). Members that are `undefined` count as absent; whatever else JSON can't say is refused.
 *
 * @throws ReviewInputError `PARACLE_REVIEW_CONTENT_INVALID` for functions, dates, NaN, holes, cycles, lone surrogates, more than 100 levels.
 * @see https://www.rfc-editor.org/rfc/rfc8785
 */
export function canonicalize(value: unknown): string {
  return canonical(value, '', 0);
}
