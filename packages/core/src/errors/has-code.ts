import { ParacleError } from './paracle-error.js';

/** Says whether a caught value is a {@link ParacleError} with this code. */
export function hasCode(value: unknown, code: string): value is ParacleError {
  return ParacleError.isInstance(value) && value.code === code;
}
