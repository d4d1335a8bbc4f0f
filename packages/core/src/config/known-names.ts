import { readField, readText } from '../reading/read-fields.js';

/** Lists the option names that a zod schema knows at a path; reads only zod's documented `_zod.def`. */
export function listKnownNames(schema: unknown, path: readonly PropertyKey[]): readonly string[] {
  const [head, ...rest] = path;
  return unwrap(schema).flatMap((inner) => {
    const shape = readField(inner, ['_zod', 'def', 'shape']);
    if (head === undefined) return typeof shape === 'object' && shape !== null ? Object.keys(shape) : [];
    const next =
      readField(shape, [String(head)]) ??
      readField(inner, ['_zod', 'def', 'element']) ??
      readField(inner, ['_zod', 'def', 'valueType']);
    return next === undefined ? [] : listKnownNames(next, rest);
  });
}

/** Takes off what stands around a schema (optional, default, pipe, union) until its shape is bare. */
function unwrap(schema: unknown): readonly unknown[] {
  const type = readText(schema, ['_zod', 'def', 'type']);
  if (type === 'union') {
    const options = readField(schema, ['_zod', 'def', 'options']);
    return Array.isArray(options) ? options.flatMap(unwrap) : [];
  }
  const inner = readField(schema, ['_zod', 'def', type === 'pipe' ? 'in' : 'innerType']);
  return inner === undefined ? [schema] : unwrap(inner);
}
