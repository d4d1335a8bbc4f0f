import { ParacleError } from '@paracle/core';
import { ownProperty } from './own-property.js';

/**
 * Whether a value is or holds the result of an execution that `orThrow()` would refuse: it ended with another exit code
 * than 0, or by a signal. Looked for in arrays, plain objects and errors with a `result`, at any depth.
 */
export function holdsFailedExecution(value: unknown): boolean {
  const seen = new Set<object>();
  const waiting: unknown[] = [value];
  while (waiting.length > 0) {
    const each = waiting.pop();
    if (typeof each !== 'object' || each === null || seen.has(each)) continue;
    seen.add(each);
    if (hasFailed(each)) return true;
    for (const held of heldBy(each)) waiting.push(held);
  }
  return false;
}

/** Recognised by its facts: `@paracle/sandbox` is known by name only. */
function hasFailed(object: object): boolean {
  const cause = ownProperty(object, 'cause');
  const isResult =
    typeof ownProperty(object, 'executionId') === 'string' &&
    Array.isArray(ownProperty(object, 'command')) &&
    typeof cause === 'string';
  return isResult && !(cause === 'exited' && ownProperty(object, 'exitCode') === 0);
}

function heldBy(object: object): unknown[] {
  if (Array.isArray(object)) return object;
  if (ParacleError.isInstance(object)) return [ownProperty(object, 'result')];
  return isPlain(object) ? Object.keys(object).map((name) => ownProperty(object, name)) : [];
}

/** Made by `{}` or without a prototype, in whichever realm. */
function isPlain(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object);
  return prototype === null || (typeof prototype === 'object' && Object.getPrototypeOf(prototype) === null);
}
