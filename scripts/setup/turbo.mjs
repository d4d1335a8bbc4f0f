import { delimiter, join } from 'node:path';
import { root } from './paths.mjs';
import { run, searchPath } from './run.mjs';

const BIN = join(root, 'node_modules', '.bin');

/** The variables every tool of the repository runs with: its own commands (pnpm among them) first, no telemetry. */
export function toolEnvironment() {
  return {
    PATH: `${BIN}${delimiter}${searchPath()}`,
    TURBO_TELEMETRY_DISABLED: '1',
    TURBO_NO_UPDATE_NOTIFIER: '1',
    DO_NOT_TRACK: '1',
  };
}

/** Runs a task of the workspace; `pass` goes to the task's own program. turbo is called directly: pnpm starting turbo starting pnpm raced. */
export function turbo(args, { pass = [], ...options } = {}) {
  const passed = pass.length > 0 ? ['--', ...pass] : [];
  return runTool('turbo', ['run', ...args, '--ui=stream', '--output-logs=new-only', ...passed], options);
}

/** Runs a command out of node_modules/.bin in the repository's root, by way of another command if one is given. */
export function runTool(name, args, { env, cwd = root, via = [], ...options } = {}) {
  const [command, ...rest] = [...via, join(BIN, name), ...args];
  return run(command, rest, { cwd, env: { ...toolEnvironment(), ...env }, ...options });
}
