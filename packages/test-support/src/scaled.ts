/** How often a long repetition is done: `PARACLE_TEST_SCALE` shortens it, 1 (all of it) is the default. */
export function scaled(count: number): number {
  const scale = Number(process.env['PARACLE_TEST_SCALE'] ?? '1');
  return Math.max(1, Math.round(count * scale));
}
