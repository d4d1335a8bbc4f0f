/** A property of an answer of the engine. */
export function readProperty(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

/** A number above 0. */
export function readNumber(value: unknown, name: string): number | undefined {
  const found = readProperty(value, name);
  return typeof found === 'number' && found > 0 ? found : undefined;
}

/** A text; empty where there is none. */
export function readText(value: unknown, name: string): string {
  const found = readProperty(value, name);
  return typeof found === 'string' ? found : '';
}
