import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { enterTree } from './enter-tree.mjs';

/**
 * One shell runs all scripts, as the first process of its namespace: what one leaves running (the engine) is there for
 * the next, as on a real machine, and ends with the shell. It goes on when a script fails.
 */
const RUN_ALL = `
cd /paracle
for script in "$@"; do
  echo; echo "=== npm run $script"
  start=$(date +%s%N)
  npm run --silent "$script"
  code=$?
  echo "$script $code $(( ($(date +%s%N) - start) / 1000000 ))" >> /results
done
`;

/** Runs npm scripts of the repository in a tree; resolves with their exit codes and times. */
export async function runScripts({ tree, network, env, scripts }) {
  const data = join(dirname(tree), 'docker');
  mkdirSync(data, { recursive: true });
  const shell = enterTree({
    tree,
    network,
    binds: { [data]: '/var/lib/docker' },
    ownPids: true,
    env,
    command: ['/bin/sh', '-c', RUN_ALL, 'run', ...scripts],
  });
  await new Promise((resolve, reject) => {
    shell.on('error', reject);
    shell.on('exit', resolve);
  });
  const file = join(tree, 'results');
  const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  return lines.map((line) => {
    const [script, exitCode, ms] = line.split(' ');
    return { script, exitCode: Number(exitCode), seconds: (Number(ms) / 1000).toFixed(1) };
  });
}
