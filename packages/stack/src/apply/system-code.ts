/** The code of an error from the operating system (`ENOENT`), or undefined where there is none. */
export function systemCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const code: unknown = Reflect.get(error, 'code');
  return typeof code === 'string' ? code : undefined;
}

/** Lets an operation fail with one of these codes; resolves to undefined then. */
export async function tolerate<T>(operation: Promise<T>, codes: readonly string[]): Promise<T | undefined> {
  try {
    return await operation;
  } catch (error) {
    if (codes.includes(systemCode(error) ?? '')) return undefined;
    throw error;
  }
}
