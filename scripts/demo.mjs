/** `npm run demo`: the set-up, then the main job end to end (examples/13_phase5_integration.ts). */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup/paths.mjs';
import { exitWithFailure, SetupError } from './setup/step.mjs';
import { setUp } from './setup.mjs';

const EXAMPLE = join(root, 'examples', 'dist', '13_phase5_integration.js');

async function demo() {
  const engine = await setUp({ needsGuard: false }); // the main job has no network
  if (!existsSync(EXAMPLE))
    throw new SetupError('The build left no examples/dist/13_phase5_integration.js. Run: npm run build -- --force');
  const child = spawn(process.execPath, ['--enable-source-maps', EXAMPLE], {
    cwd: join(root, 'examples'),
    stdio: 'inherit',
    env: { ...process.env, ...engine },
  });
  child.on('exit', (code, signal) => (process.exitCode = signal === null ? (code ?? 1) : 1));
}

demo().catch(exitWithFailure);
