import { spawn } from 'node:child_process';
import { existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { aptInstall, canInstall } from './apt.mjs';
import { ping } from './engine-client.mjs';
import { isRoot, stateFolder } from './paths.mjs';
import { findCommand, lastLines, run, searchPath } from './run.mjs';
import { removeStalePidFiles, runningDaemons, SYSTEM_PID_FILES } from './running-daemons.mjs';
import { note, SetupError } from './step.mjs';

const SOCKET = 'unix:///var/run/docker.sock';
const START_LIMIT_MS = 60_000;
const WAYS_OUT = [
  'Ways out:',
  '  - start Docker Engine (or Docker Desktop) and run this again;',
  '  - name an engine that runs elsewhere: DOCKER_HOST=unix:///path/to/docker.sock;',
  '  - on Debian or Ubuntu run this as root: it installs and starts an engine itself.',
].join('\n');

/** Installs (if need be) and starts an engine where none answers; `attempts` says what was tried before. */
export async function startEngine(attempts) {
  const denied = attempts.find(({ code }) => code === 'EACCES');
  if (denied) {
    throw new SetupError(
      `${denied.host} exists, but this user may not use it (permission denied).\n` +
        'Join the group that owns it (usually: usermod -aG docker USER, then log in again), run this as root, or set DOCKER_HOST.',
    );
  }
  await refuseToDisturb();
  const alreadyUp = await ping({ host: SOCKET });
  if (alreadyUp.answers) return SOCKET;
  if (!isRoot) throw new SetupError(`No Docker Engine answers on this machine.\n${WAYS_OUT}`);
  await installEngine();
  if (existsSync('/run/systemd/system')) await startWithSystemd();
  else await startDetached();
  return SOCKET;
}

/** A dockerd that is there already may just be starting; one that listens elsewhere is somebody's own. */
async function refuseToDisturb() {
  const [daemon] = runningDaemons();
  if (daemon === undefined) return;
  note(`dockerd runs already (process ${daemon.pid}); waiting for its socket`);
  if (await waitForAnswer(30_000, () => runningDaemons().length > 0)) return;
  if (runningDaemons().length === 0) return;
  throw new SetupError(
    `A dockerd runs (process ${daemon.pid}: ${daemon.args.join(' ').trim()}), but it does not answer at ${SOCKET}.\n` +
      'A second one on the same data would damage it. Set DOCKER_HOST to the address it listens on, or stop it, and run this again.',
  );
}

async function installEngine() {
  const hasEngine = findCommand('dockerd') !== undefined;
  const hasIptables = findCommand('iptables') !== undefined;
  if (hasEngine && hasIptables) return;
  if (!canInstall())
    throw new SetupError(`No Docker Engine answers, and none can be installed here (no apt-get).\n${WAYS_OUT}`);
  await aptInstall(hasEngine ? ['iptables'] : ['docker.io', 'iptables'], 'a Docker Engine');
}

async function startWithSystemd() {
  note('systemctl start docker');
  const { exitCode, output } = await run('systemctl', ['start', 'docker']);
  if (exitCode === 0 && (await waitForAnswer(START_LIMIT_MS, () => true))) return;
  const { output: journal } = await run('journalctl', ['-u', 'docker', '--no-pager', '-n', '20']);
  throw new SetupError(`The docker service did not start:\n${lastLines(`${output}\n${journal}`, 20)}\n${WAYS_OUT}`);
}

async function startDetached() {
  removeStalePidFiles(SYSTEM_PID_FILES);
  const log = join(stateFolder(), 'dockerd.log');
  note(`dockerd --host ${SOCKET} (log: ${log})`);
  const out = openSync(log, 'w');
  const daemon = spawn('dockerd', ['--host', SOCKET], {
    cwd: '/',
    detached: true,
    stdio: ['ignore', out, out],
    env: { ...process.env, PATH: searchPath() },
  });
  let isRunning = true;
  daemon.on('exit', () => (isRunning = false));
  daemon.on('error', () => (isRunning = false));
  if (await waitForAnswer(START_LIMIT_MS, () => isRunning)) {
    daemon.unref();
    return;
  }
  if (isRunning) process.kill(daemon.pid, 'SIGTERM');
  throw new SetupError(`dockerd did not start. Its last lines (${log}):\n${logExcerpt(log)}\n${WAYS_OUT}`);
}

/** The daemon's last words; its many informative lines would hide the one that tells. */
function logExcerpt(log) {
  const lines = readFileSync(log, 'utf8').split('\n');
  return lastLines(lines.filter((line) => !line.includes('level=info')).join('\n'), 15);
}

async function waitForAnswer(limitMs, mayStillCome) {
  const end = Date.now() + limitMs;
  for (;;) {
    if ((await ping({ host: SOCKET })).answers) return true;
    if (!mayStillCome()) return (await ping({ host: SOCKET })).answers;
    if (Date.now() > end) return false;
    await sleep(100);
  }
}
