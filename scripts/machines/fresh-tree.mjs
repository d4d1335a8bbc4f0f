import { cpSync, existsSync, mkdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { debianTree, ensureMmdebstrap } from '../setup/debian-tree.mjs';
import { findCommand } from '../setup/run.mjs';
import { SetupError } from '../setup/step.mjs';
import { mustRun } from './must-run.mjs';

const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';

/** What of this machine's environment a command needs to reach registries, and the tests' own settings. */
const CARRIED_VARIABLES = /^(https?_proxy|no_proxy|all_proxy|PARACLE_TEST_SCALE|PARACLE_DEBIAN_MIRROR)$/i;

/** Builds a Debian that has Node and npm and nothing else, set up to reach registries as this machine does. */
export async function buildFreshTree(tree, suite) {
  await ensureMmdebstrap();
  mkdirSync(dirname(tree), { recursive: true });
  await debianTree({ suite, include: ['libstdc++6', 'libatomic1'], target: tree });
  copyNode(tree);
  copyNetworkSettings(tree);
  await writeNpmSettings(tree);
  return `Node ${process.versions.node}, no compiler, no engine, empty HOME`;
}

/** The environment of somebody who has just logged in. */
export function freshEnvironment() {
  const carried = Object.entries(process.env).filter(([name]) => CARRIED_VARIABLES.test(name));
  return {
    ...Object.fromEntries(carried),
    ...(existsSync(CERTIFICATES) && { NODE_EXTRA_CA_CERTS: CERTIFICATES }),
    HOME: '/root',
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    LANG: 'C.UTF-8',
  };
}

function copyNode(tree) {
  const npm = findCommand('npm');
  if (npm === undefined) throw new SetupError('Expected npm beside Node, found none.');
  // …/npm/bin/npm-cli.js
  const npmFolder = dirname(dirname(realpathSync(npm)));
  cpSync(process.execPath, join(tree, 'usr/bin/node'));
  cpSync(npmFolder, join(tree, 'usr/lib/node_modules/npm'), { recursive: true });
  for (const name of ['npm', 'npx'])
    symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, join(tree, 'usr/bin', name));
}

function copyNetworkSettings(tree) {
  // A local stub resolver can't be reached from another network namespace.
  const resolver = ['/run/systemd/resolve/resolv.conf', '/etc/resolv.conf'].find((file) => existsSync(file));
  rmSync(join(tree, 'etc/resolv.conf'), { force: true });
  if (resolver !== undefined) writeFileSync(join(tree, 'etc/resolv.conf'), readFileSync(resolver));
  writeFileSync(join(tree, 'etc/hosts'), '127.0.0.1 localhost\n');
  if (!existsSync(CERTIFICATES)) return;
  mkdirSync(join(tree, dirname(CERTIFICATES)), { recursive: true });
  cpSync(CERTIFICATES, join(tree, CERTIFICATES), { dereference: true });
}

/** This machine's npm settings become the tree's global ones, so that its HOME stays empty. */
async function writeNpmSettings(tree) {
  const global = (await mustRun('npm', 'config', 'get', 'globalconfig')).trim();
  const files = [global, join(homedir(), '.npmrc')].filter((file) => existsSync(file));
  // Where headers lie is about the machine that was copied from.
  const lines = files
    .flatMap((file) => readFileSync(file, 'utf8').split('\n'))
    .filter((line) => !/^(nodedir|prefix|cache)\s*=/.test(line));
  mkdirSync(join(tree, 'usr/etc'), { recursive: true });
  writeFileSync(join(tree, 'usr/etc/npmrc'), `${lines.join('\n')}\n`);
}
