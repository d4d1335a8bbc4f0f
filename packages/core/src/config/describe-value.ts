import { readField } from '../reading/read-fields.js';

const secretName = /env|secret|token|password|passphrase|credential|auth|cookie|key$/iu;
const maxLength = 80;

/** Says whether a path leads to something that must not be shown. */
function isSecretPath(path: readonly PropertyKey[]): boolean {
  return path.some((segment) => secretName.test(String(segment)));
}

/** Describes the value at a path for a message, without its contents where these may be secret. */
export function describeValue(input: unknown, path: readonly PropertyKey[]): string {
  const value = path.length === 0 ? input : readField(input, path.map(String));
  if (value === undefined || value === null) return 'nothing';
  if (isSecretPath(path)) return 'a value that is not shown';
  if (typeof value === 'string') {
    return JSON.stringify(value.length > maxLength ? `${value.slice(0, maxLength)}…` : value);
  }
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === 'function' ? 'a function' : 'an object';
}
