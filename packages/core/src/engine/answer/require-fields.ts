import { EngineAnswerInvalidError } from '../../errors/engine-call-errors.js';
import { readField, readNumber, readText } from '../../reading/read-fields.js';

/**
 * The text at a path of an engine's answer.
 * @throws EngineAnswerInvalidError `PARACLE_ENGINE_ANSWER_INVALID` if there is none.
 */
export function requireText(value: unknown, path: readonly string[], what: string): string {
  return readText(value, path) ?? missing(path, what, 'a text');
}

/**
 * The number at a path of an engine's answer.
 * @throws EngineAnswerInvalidError `PARACLE_ENGINE_ANSWER_INVALID` if there is none.
 */
export function requireNumber(value: unknown, path: readonly string[], what: string): number {
  return readNumber(value, path) ?? missing(path, what, 'a number');
}

/**
 * The flag at a path of an engine's answer.
 * @throws EngineAnswerInvalidError `PARACLE_ENGINE_ANSWER_INVALID` if there is none.
 */
export function requireFlag(value: unknown, path: readonly string[], what: string): boolean {
  const field = readField(value, path);
  return typeof field === 'boolean' ? field : missing(path, what, 'true or false');
}

/**
 * The list at a path of an engine's answer; engines write an empty one as `null`.
 * @throws EngineAnswerInvalidError `PARACLE_ENGINE_ANSWER_INVALID` if something else is there.
 */
export function requireList(value: unknown, path: readonly string[], what: string): readonly unknown[] {
  const field = readField(value, path);
  if (field === undefined && (path.length > 0 || value === null)) return [];
  return Array.isArray(field) ? field : missing(path, what, 'a list');
}

function missing(path: readonly string[], what: string, expected: string): never {
  const place = path.length === 0 ? 'the answer' : `\`${path.join('.')}\``;
  throw new EngineAnswerInvalidError(what, `expected ${place} to be ${expected}`);
}
