import { startSecondEngine } from '../second-engine.mjs';
import { turbo } from '../setup/turbo.mjs';
import { readResults, resultArguments } from './jest-results.mjs';

/** Runs every package's tests of one kind, streaming their output, and adds up what they report. */
async function runJest(kind, { task, testFolder, env, concurrency }) {
  // `--only`: the set-up has built already, and turbo would build again because of the arguments.
  const pass = resultArguments(kind);
  const { exitCode } = await turbo([task, '--only', '--continue', `--concurrency=${concurrency}`], {
    pass,
    env,
    echo: true,
  });
  // A package that fails before jest starts leaves no counts: turbo's exit code tells.
  return { exitCode, ...readResults(kind, testFolder) };
}

/** Packages whose coverage counts leave a record of the branches that their tests take. */
const MEASURED = { PARACLE_COVERAGE: '1' };

function runSuites(env, kind) {
  return runJest(kind, { task: 'test:integration', testFolder: 'integration', env, concurrency: 1 });
}

/** The integration suites, one package after the other, on the engine that `env` names. */
export function runIntegration(env) {
  return runSuites({ ...env, ...MEASURED }, 'integration');
}

/** The same suites on Debian 13's Engine 26.1, booted beside the first. */
export async function runOnSecondEngine() {
  return runSuites({ DOCKER_HOST: await startSecondEngine() }, 'integration-26');
}

/** The unit tests of all packages. */
export function runUnit() {
  return runJest('unit', { task: 'test', testFolder: 'unit', env: MEASURED, concurrency: 2 });
}
