import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths.mjs';
import { lastLines, run } from './run.mjs';
import { note, SetupError } from './step.mjs';

const PNPM = 'pnpm@10.34.9';
const MARKER = join(root, 'node_modules', '.paracle-install');

/** Installs the locked dependencies with pnpm through npx, unless they stand already. */
export async function installDependencies() {
  const wanted = fingerprint();
  if (isInstalled(wanted)) return 'up to date';
  rmSync(MARKER, { force: true });
  note(`pnpm install --frozen-lockfile (through npx, ${PNPM})`);
  const args = ['-y', '-p', PNPM, '--', 'pnpm', 'install', '--frozen-lockfile', '--reporter=append-only'];
  // CI=true makes pnpm replace a broken node_modules instead of asking.
  const { exitCode, output } = await run('npx', args, { cwd: root, env: { CI: 'true', ...withoutNpmRunVariables() } });
  if (exitCode !== 0) throw new SetupError(explain(output));
  writeFileSync(MARKER, wanted);
  return 'installed';
}

function explain(output) {
  const reason = lastLines(output);
  if (output.includes('ERR_PNPM_OUTDATED_LOCKFILE')) {
    return `pnpm-lock.yaml does not match the package.json files:\n${reason}\nRun: npx -y -p ${PNPM} -- pnpm install --no-frozen-lockfile`;
  }
  return `The dependencies could not be installed:\n${reason}\nCheck that the npm registry can be reached (npm ping) and run this again.`;
}

/** `npm run` hands its own settings on as variables; pnpm would take some of them for its own. */
function withoutNpmRunVariables() {
  const names = [
    'npm_config_local_prefix',
    'npm_config_prefix',
    'npm_config_global_prefix',
    'npm_config_noproxy',
    'npm_config_user_agent',
  ];
  return Object.fromEntries(names.map((name) => [name, undefined]));
}

function manifests() {
  const packages = readdirSync(join(root, 'packages')).map((name) => join('packages', name));
  return ['.', ...packages, 'examples'].filter((folder) => existsSync(join(root, folder, 'package.json')));
}

/** Changes whenever an install could bring something else: lockfile, manifests, Node's ABI, platform. */
function fingerprint() {
  const hash = createHash('sha256').update(`${process.versions.modules} ${process.platform} ${process.arch}\n`);
  const files = ['pnpm-lock.yaml', 'pnpm-workspace.yaml', ...manifests().map((folder) => join(folder, 'package.json'))];
  for (const file of files) hash.update(`${file}\n`).update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

function isInstalled(wanted) {
  if (!existsSync(MARKER) || readFileSync(MARKER, 'utf8') !== wanted) return false;
  if (!existsSync(join(root, 'node_modules', '.modules.yaml'))) return false;
  return manifests().every((folder) => {
    const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    // existsSync follows links: a removed store entry counts as missing.
    return Object.keys({ ...dependencies, ...devDependencies }).every((name) =>
      existsSync(join(root, folder, 'node_modules', name, 'package.json')),
    );
  });
}
