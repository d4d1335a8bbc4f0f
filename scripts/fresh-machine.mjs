/**
 * Proves the two commands on a machine that has only Node and npm: a minimal Debian with its own mounts, processes,
 * network, /var/lib/docker and an empty HOME gets a clean clone and runs them there, twice. Needs root and git.
 *
 * node scripts/fresh-machine.mjs [--suite=trixie] [--worktree] [--keep] [npm script ...]     (default: demo test demo test)
 *   --suite=NAME the Debian to build (default: bookworm; trixie has Engine 26.1)
 *   --worktree   copies the files as they are instead of cloning what is committed
 *   --keep       leaves the tree behind for a look
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { cloneInto, copyWorktreeInto } from './machines/clone.mjs';
import { buildFreshTree, freshEnvironment } from './machines/fresh-tree.mjs';
import { connectNetwork, disconnectNetwork } from './machines/network.mjs';
import { requireRoot } from './machines/require-root.mjs';
import { runScripts } from './machines/run-scripts.mjs';
import { stateFolder } from './setup/paths.mjs';
import { exitWithFailure, SetupError, step } from './setup/step.mjs';

const NETWORK = 'paracle-fresh';
const CABLE = {
  device: 'paracle-fresh',
  hostAddress: '10.231.77.1',
  ownAddress: '10.231.77.2',
  subnet: '10.231.77.0/30',
};

async function main(args) {
  requireRoot(['ip', 'iptables', 'nsenter', 'unshare', 'pivot_root', 'git']);
  const chosen = args.filter((arg) => !arg.startsWith('--'));
  const scripts = chosen.length > 0 ? chosen : ['demo', 'test', 'demo', 'test'];
  const suite = args.find((arg) => arg.startsWith('--suite='))?.slice('--suite='.length) ?? 'bookworm';
  const folder = join(stateFolder(), 'fresh');
  const tree = join(folder, 'tree');
  rmSync(folder, { recursive: true, force: true });
  await step('Minimal Debian with Node and npm', () => buildFreshTree(tree, suite));
  await step('Repository', () =>
    args.includes('--worktree') ? copyWorktreeInto(join(tree, 'paracle')) : cloneInto(join(tree, 'paracle')),
  );
  await disconnectNetwork(NETWORK, CABLE);
  await connectNetwork(NETWORK, CABLE);
  let results;
  try {
    results = await runScripts({ tree, network: NETWORK, env: freshEnvironment(), scripts });
  } finally {
    await disconnectNetwork(NETWORK, CABLE);
    if (!args.includes('--keep')) rmSync(folder, { recursive: true, force: true });
  }
  process.stdout.write('\nOn the fresh machine:\n');
  for (const { script, exitCode, seconds } of results) {
    process.stdout.write(`  npm run ${script}: exit ${exitCode}, ${seconds} s\n`);
  }
  if (results.length < scripts.length || results.some(({ exitCode }) => exitCode !== 0)) {
    throw new SetupError('The fresh machine does not get through.');
  }
}

main(process.argv.slice(2)).catch(exitWithFailure);
