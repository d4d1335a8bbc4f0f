/** `npm test`: the set-up, then every check and every test. All run even if one fails; the last line counts the tests. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup/paths.mjs';
import { run } from './setup/run.mjs';
import { exitWithFailure, step } from './setup/step.mjs';
import { runTool, toolEnvironment, turbo } from './setup/turbo.mjs';
import { ensureOtherArchitecture, setUp } from './setup.mjs';
import { ensureTools } from './testing/ensure-tools.mjs';
import { runIntegration, runOnSecondEngine, runUnit } from './testing/run-jest.mjs';
import { StepRunner } from './testing/steps.mjs';

const shown = { echo: true };
const script = (name, ...args) =>
  run(process.execPath, [join(root, 'scripts', name), ...args], { ...shown, env: toolEnvironment() });

async function test() {
  const engine = await setUp();
  await step('Test tools', ensureTools);
  await ensureOtherArchitecture();
  const steps = new StepRunner();
  await steps.run('Format', () => runTool('biome', ['check', '.'], shown));
  await steps.run('Lint', () => runTool('eslint', ['.', '--max-warnings', '0'], shown));
  await steps.run('Types', () => turbo(['typecheck', '--continue'], shown));
  await steps.run('Unused code', () => runTool('knip', [], shown));
  await steps.run('Arrows between packages', () => script('check-arrows.mjs'));
  await steps.run('Packages', () => script('check-packages.mjs'));
  await steps.run('Unit tests', () => runUnit());
  if (hasNativeTests()) await steps.run('Native tests', () => turbo(['test:native'], shown));
  await steps.run('Integration tests', () => runIntegration(engine));
  await steps.run('Branches', () => script('check-coverage.mjs'));
  if (process.env.PARACLE_ENGINES === 'all') {
    await steps.run('Integration tests on Engine 26', runOnSecondEngine);
  }
  await steps.run('Docs', () => script('check-docs.mjs'));
  if (!steps.finish()) process.exitCode = 1;
}

function hasNativeTests() {
  const file = join(root, 'packages', 'core', 'package.json');
  return existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).scripts['test:native'] !== undefined;
}

test().catch(exitWithFailure);
