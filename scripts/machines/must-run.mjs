import { lastLines, run } from '../setup/run.mjs';
import { SetupError } from '../setup/step.mjs';

/** Runs a command that has to succeed. */
export async function mustRun(command, ...args) {
  const { exitCode, output } = await run(command, args);
  if (exitCode === 0) return output;
  throw new SetupError(`${command} ${args.join(' ')} failed:\n${lastLines(output)}`);
}
