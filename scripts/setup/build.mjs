import { lastLines } from './run.mjs';
import { SetupError } from './step.mjs';
import { turbo } from './turbo.mjs';

/** Builds every package; what did not change comes from turbo's cache. */
export async function build() {
  const { exitCode, output } = await turbo(['build']);
  if (exitCode === 0) return /FULL TURBO/.test(output) ? 'up to date' : 'built';
  throw new SetupError(`The build failed:\n${lastLines(output, 60)}\nAll of it: npm run build`);
}
