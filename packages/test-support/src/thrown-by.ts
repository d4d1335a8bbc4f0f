/** The name of what a function throws; `none` where it throws nothing. By name: Node's own errors are of another realm than a test's. */
export function thrownBy(action: () => void): string {
  try {
    action();
    return 'none';
  } catch (error) {
    return error instanceof Error || (typeof error === 'object' && error !== null && 'name' in error)
      ? String(error.name)
      : 'unknown';
  }
}
