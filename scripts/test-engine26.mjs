/** Runs the integration suites on Debian 13's Engine 26.1, booted beside the first by second-engine.mjs. */

import { exitWithFailure } from './setup/step.mjs';
import { ensureBuilt } from './setup.mjs';
import { runOnSecondEngine } from './testing/run-jest.mjs';
import { StepRunner } from './testing/steps.mjs';

async function testOnSecondEngine() {
  await ensureBuilt();
  const steps = new StepRunner();
  await steps.run('Integration tests on Engine 26', runOnSecondEngine);
  if (!steps.finish()) process.exitCode = 1;
}

testOnSecondEngine().catch(exitWithFailure);
