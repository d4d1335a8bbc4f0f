/** Reads a property of an unknown value; `undefined` where there is none. */
export function readField(value: unknown, path: readonly string[]): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== 'object' || current === null) return undefined;
    current = Reflect.get(current, key);
  }
  return current ?? undefined;
}

/** The text at a path, or `undefined`. */
export function readText(value: unknown, path: readonly string[]): string | undefined {
  const field = readField(value, path);
  return typeof field === 'string' ? field : undefined;
}

/** The finite number at a path, or `undefined`. */
export function readNumber(value: unknown, path: readonly string[]): number | undefined {
  const field = readField(value, path);
  return typeof field === 'number' && Number.isFinite(field) ? field : undefined;
}

/** Whether the value at a path is `true`. Absent is `false`: what an engine does not claim it does not have. */
export function readFlag(value: unknown, path: readonly string[]): boolean {
  return readField(value, path) === true;
}

/** The array at a path; empty where the engine writes `null` or nothing. */
export function readList(value: unknown, path: readonly string[]): readonly unknown[] {
  const field = readField(value, path);
  return Array.isArray(field) ? field : [];
}

/** The texts in the array at a path. */
export function readTexts(value: unknown, path: readonly string[]): readonly string[] {
  return readList(value, path).filter((entry) => typeof entry === 'string');
}

/** The text-to-text map at a path; empty where the engine writes `null` or nothing. */
export function readTextMap(value: unknown, path: readonly string[]): Readonly<Record<string, string>> {
  const field = readField(value, path);
  if (typeof field !== 'object' || field === null) return {};
  const entries = Object.entries(field).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return Object.fromEntries(entries);
}
