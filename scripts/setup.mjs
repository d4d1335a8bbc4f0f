/**
 * Prepares everything the demo and the tests need: dependencies, compiler, build, engine, base image.
 * Plain Node without dependencies, since it runs before any install. Every step does nothing when it was done before.
 */

import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { ensureBaseImage } from './setup/base-image.mjs';
import { build } from './setup/build.mjs';
import { ensureCompiler } from './setup/c-compiler.mjs';
import { checkNode } from './setup/check-node.mjs';
import { ensureCrossCompiler } from './setup/cross-compiler.mjs';
import { ensureEngine } from './setup/engine.mjs';
import { ensureGuardImage } from './setup/guard-image.mjs';
import { installDependencies } from './setup/install-dependencies.mjs';
import { exitWithFailure, formatSeconds, step } from './setup/step.mjs';

/** The part of the set-up that needs no engine. */
export async function ensureBuilt() {
  await step('Node', async () => checkNode());
  await step('Dependencies', installDependencies);
  await step('C compiler', ensureCompiler);
  await step('Build', build);
}

/** Runs the whole set-up; resolves with the variables that later steps need to find the same engine. */
export async function setUp({ rebuildImage = false, allArchitectures = false, needsGuard = true } = {}) {
  const start = performance.now();
  await ensureBuilt();
  if (allArchitectures) await ensureOtherArchitecture();
  let engine;
  await step('Docker Engine', async () => {
    engine = await ensureEngine();
    return engine.outcome;
  });
  if (needsGuard) await step('Guard image', () => ensureGuardImage(engine.arch));
  await step('Base image', () => ensureBaseImage(engine.endpoint, engine.arch, { rebuild: rebuildImage }));
  process.stdout.write(`Set-up took ${formatSeconds(performance.now() - start)}\n\n`);
  // A context with TLS files is found again by its name; everything else by its address.
  return engine.endpoint.tlsFolder === undefined ? { DOCKER_HOST: engine.endpoint.host } : {};
}

/** What building for the architecture that this machine has not takes. */
export async function ensureOtherArchitecture() {
  await step('Cross compiler', ensureCrossCompiler);
  await step('Guard images', async () => {
    const outcomes = [];
    for (const arch of ['amd64', 'arm64']) outcomes.push(`${arch} ${await ensureGuardImage(arch)}`);
    return outcomes.join(', ');
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  setUp({
    rebuildImage: process.argv.includes('--rebuild-image'),
    allArchitectures: process.argv.includes('--all-architectures'),
  }).catch(exitWithFailure);
}
