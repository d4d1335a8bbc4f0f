/**
 * Boots Debian 13's Docker Engine (26.1) beside the first, in namespaces of its own, and prints its DOCKER_HOST.
 * `stop` ends it and takes everything but the built tree away; `remove` deletes that too. Needs root.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { enterTree } from './machines/enter-tree.mjs';
import { makeNetwork, removeNetwork } from './machines/network.mjs';
import { requireRoot } from './machines/require-root.mjs';
import { ensureBaseImage } from './setup/base-image.mjs';
import { copyImage } from './setup/copy-image.mjs';
import { debianTree, ensureMmdebstrap } from './setup/debian-tree.mjs';
import { ping } from './setup/engine-client.mjs';
import { findEngine } from './setup/find-engine.mjs';
import { stateFolder } from './setup/paths.mjs';
import { lastLines } from './setup/run.mjs';
import { removeStalePidFiles } from './setup/running-daemons.mjs';
import { exitWithFailure, note, SetupError } from './setup/step.mjs';

const NAME = 'paracle-engine26';
/** Of its own machine, which has no way out of there. */
const HOST_ADDRESS = '192.168.250.1/24';
/** The network namespace that it is in. */
export const SECOND_ENGINE_NETWORK = `/run/netns/${NAME}`;
const IMAGE = 'python:3.11-slim';
const START_LIMIT_MS = 60_000;

function places() {
  const folder = join(stateFolder(), 'engine26');
  const home = join(folder, 'home');
  return {
    folder,
    tree: join(folder, 'tree'),
    built: join(folder, 'tree.built'),
    home,
    pidFile: join(home, 'docker.pid'),
    log: join(folder, 'dockerd.log'),
    endpoint: { host: `unix://${join(home, 'docker.sock')}` },
  };
}

/** Starts the second engine unless it answers already, with the base image in it; resolves with its DOCKER_HOST. */
export async function startSecondEngine() {
  const { endpoint } = places();
  const first = await findEngine();
  if (!(await ping(endpoint)).answers) await boot();
  const { arch } = await ping(endpoint);
  const isCopied = first.status === 'found' && (await copyImage(first.endpoint, endpoint, IMAGE));
  if (!isCopied) await ensureBaseImage(endpoint, arch);
  return endpoint.host;
}

async function boot() {
  requireRoot(['ip', 'nsenter', 'unshare', 'pivot_root']);
  const { folder, tree, built, home, pidFile, log, endpoint } = places();
  mkdirSync(home, { recursive: true });
  if (!existsSync(built)) {
    note('building a Debian 13 with docker.io (about a minute)');
    await ensureMmdebstrap();
    rmSync(tree, { recursive: true, force: true });
    await debianTree({ suite: 'trixie', include: ['docker.io', 'iptables', 'ca-certificates'], target: tree });
    writeFileSync(built, '');
  }
  await makeNetwork(NAME, { address: HOST_ADDRESS });
  removeStalePidFiles({ [pidFile]: 'dockerd', [join(home, 'exec/containerd/containerd.pid')]: 'containerd' });
  // Where tests make the directories that they have it mount.
  const daemon = enterTree({
    tree,
    network: NAME,
    binds: { [home]: '/engine', [tmpdir()]: tmpdir() },
    log,
    command: daemonCommand(),
  });
  let isRunning = true;
  daemon.on('exit', () => (isRunning = false));
  const end = Date.now() + START_LIMIT_MS;
  while (isRunning && Date.now() < end) {
    if ((await ping(endpoint)).answers) return daemon.unref();
    await sleep(100);
  }
  if (isRunning) process.kill(daemon.pid, 'SIGTERM');
  throw new SetupError(
    `The second engine did not start. Its last lines (${join(folder, 'dockerd.log')}):\n${lastLines(readFileSync(log, 'utf8'), 20)}`,
  );
}

/** Nothing of it may touch the first engine's: data, run-time folder, cgroups, bridge. */
function daemonCommand() {
  return [
    'dockerd',
    '--host=unix:///engine/docker.sock',
    '--data-root=/engine/data',
    '--exec-root=/engine/exec',
    '--pidfile=/engine/docker.pid',
    `--cgroup-parent=/${NAME}`,
    '--exec-opt=native.cgroupdriver=cgroupfs',
    '--bip=172.30.250.1/24',
  ];
}

/** Ends the second engine and what it made; the built tree stays for the next start. */
async function stopSecondEngine() {
  requireRoot(['ip']);
  const { home, pidFile } = places();
  const pid = readPid(pidFile);
  if (pid !== undefined) {
    process.kill(pid, 'SIGTERM');
    const end = Date.now() + 30_000;
    while (readPid(pidFile) === pid && Date.now() < end) await sleep(100);
    if (readPid(pidFile) === pid)
      throw new SetupError(`The second engine (process ${pid}) does not stop. End it: kill -9 ${pid}`);
  }
  await removeNetwork(NAME);
  rmSync(home, { recursive: true, force: true });
  removeCgroups();
}

/** The daemon's process, if the file's number is still that of a dockerd of ours. */
function readPid(file) {
  if (!existsSync(file)) return undefined;
  const pid = Number(readFileSync(file, 'utf8'));
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`--cgroup-parent=/${NAME}`) ? pid : undefined;
  } catch {
    return undefined;
  }
}

function removeCgroups() {
  const base = '/sys/fs/cgroup';
  for (const folder of ['.', ...readdirSync(base)].map((name) => join(base, name, NAME))) {
    try {
      rmdirSync(folder);
    } catch {
      // no such controller, or a group that is still in use: it costs nothing
    }
  }
}

async function main(action) {
  if (action === undefined) {
    process.stdout.write(`DOCKER_HOST=${await startSecondEngine()}\n`);
    return;
  }
  if (action !== 'stop' && action !== 'remove')
    throw new SetupError(`Expected no argument, "stop" or "remove", got "${action}".`);
  await stopSecondEngine();
  if (action === 'remove') rmSync(places().folder, { recursive: true, force: true });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv[2]).catch(exitWithFailure);
