import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { aptInstall, canInstall } from './apt.mjs';
import { isRoot } from './paths.mjs';
import { findCommand, run, searchPath } from './run.mjs';
import { SetupError } from './step.mjs';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Settings of this machine's apt that decide whether Debian's mirrors can be reached and believed. */
const CARRIED_SETTINGS = /^(Acquire::(?:https?|ftp)::[^ ]+|Acquire::Check-(?:Valid-Until|Date)) "(.+)";$/;

/** Makes mmdebstrap and Debian's keys available (Ubuntu has neither), or says what is missing. */
export async function ensureMmdebstrap() {
  const missing = [
    ...(findCommand('mmdebstrap') === undefined ? ['mmdebstrap'] : []),
    ...(existsSync(KEYRING) ? [] : ['debian-archive-keyring']),
  ];
  if (missing.length === 0) return;
  if (!canInstall()) {
    throw new SetupError(
      `Building a Debian tree needs ${missing.join(' and ')}. On Debian or Ubuntu: apt-get install ${missing.join(' ')}.`,
    );
  }
  await aptInstall(missing, 'what builds Debian trees');
}

/**
 * Starts mmdebstrap. `target` is a folder, or `-` for a tar stream on stdout.
 * Resolves when it has ended well; `onTar` gets the stream.
 */
export async function debianTree({ suite, variant = 'minbase', architecture, include, hooks = [], target, onTar }) {
  const args = [
    `--mode=${isRoot ? 'root' : 'auto'}`,
    `--variant=${variant}`,
    ...(architecture === undefined ? [] : [`--architectures=${architecture}`]),
    `--include=${include.join(',')}`,
    `--keyring=${KEYRING}`,
    // As in Docker's own slim images: no manuals and translations.
    ...['man', 'locale', 'info', 'groff', 'lintian'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
    '--dpkgopt=path-exclude=/usr/share/doc/*',
    '--dpkgopt=path-include=/usr/share/doc/*/copyright',
    ...(await carriedSettings()).map((setting) => `--aptopt=${setting}`),
    ...hooks.map((hook) => `--customize-hook=${hook}`),
    suite,
    target,
    ...(process.env.PARACLE_DEBIAN_MIRROR ? [process.env.PARACLE_DEBIAN_MIRROR] : []),
  ];
  const child = spawn('mmdebstrap', args, {
    stdio: ['ignore', onTar ? 'pipe' : 'ignore', 'pipe'],
    env: { ...process.env, PATH: searchPath(), DEBIAN_FRONTEND: 'noninteractive' },
  });
  let errors = '';
  child.stderr.on('data', (chunk) => (errors = (errors + chunk).slice(-8_000)));
  const ended = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(new SetupError(explain(suite, errors)))));
  });
  ended.catch(() => undefined);
  onTar?.(child.stdout, ended);
  await ended;
}

function explain(suite, errors) {
  const lines = errors
    .split('\n')
    .filter((line) => /^(E:|W:|dpkg:)/.test(line))
    .slice(-8)
    .map((line) => `    ${line}`);
  return (
    `mmdebstrap could not build Debian ${suite}:\n${lines.join('\n')}\n` +
    "Check that Debian's mirrors can be reached, name another in PARACLE_DEBIAN_MIRROR, or load the image into the engine yourself."
  );
}

async function carriedSettings() {
  if (findCommand('apt-config') === undefined) return [];
  const { output } = await run('apt-config', ['dump']);
  return output.split('\n').flatMap((line) => {
    const match = CARRIED_SETTINGS.exec(line);
    return match ? [`${match[1]} "${match[2]}"`] : [];
  });
}
