import { SECOND_ENGINE_NETWORK, startSecondEngine } from '../second-engine.mjs';
import { turbo } from '../setup/turbo.mjs';
import { readResults, resultArguments } from './jest-results.mjs';

/** Runs every package's tests of one kind, streaming their output, and adds up what they report. */
async function runJest(kind, { task, testFolder, ...options }) {
  // `--only`: the set-up has built already, and turbo would build again because of the arguments.
  const pass = resultArguments(kind);
  const { concurrency, ...shared } = options;
  const args = [task, '--only', '--continue', `--concurrency=${concurrency}`];
  const { exitCode } = await turbo(args, { pass, echo: true, ...shared });
  // A package that fails before jest starts leaves no counts: turbo's exit code tells.
  return { exitCode, ...readResults(kind, testFolder) };
}

/** Packages whose coverage counts leave a record of the branches that their tests take. */
const MEASURED = { PARACLE_COVERAGE: '1' };

function runSuites(kind, options) {
  return runJest(kind, { task: 'test:integration', testFolder: 'integration', concurrency: 1, ...options });
}

/** The integration suites, one package after the other, on the engine that `env` names. */
export function runIntegration(env) {
  return runSuites('integration', { env: { ...env, ...MEASURED } });
}

/** The same suites on Debian 13's Engine 26.1, booted beside the first: in its network, for which it is the host. */
export async function runOnSecondEngine() {
  const env = { DOCKER_HOST: await startSecondEngine() };
  return runSuites('integration-26', { env, via: ['nsenter', `--net=${SECOND_ENGINE_NETWORK}`] });
}

/** The unit tests of all packages. */
export function runUnit() {
  return runJest('unit', { task: 'test', testFolder: 'unit', env: MEASURED, concurrency: 2 });
}
