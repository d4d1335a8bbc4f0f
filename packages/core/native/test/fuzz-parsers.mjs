/** Builds the fuzz targets from the supervisor's sources and runs them under the sanitizers. */
import { execFile } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { checkCoverage } from './coverage.mjs';

const run = promisify(execFile);
const here = dirname(fileURLToPath(import.meta.url));
const sources = join(here, '..', 'src');
const build = join(here, '..', 'build');
const NOBODY = 65534;
const TIMEOUT_MS = 300_000;

/** Each includes one source, links others, and has calls of its own in the place of some of libc's. */
const TARGETS = {
  wire: { links: ['wire'], wraps: [], runs: 10_000 },
  connection: {
    links: ['wire', 'loop', 'execution', 'streams', 'launch'],
    wraps: ['fork', 'socketpair', 'pipe2', 'ioctl', 'fchown', 'kill', 'waitpid', 'clock_gettime'],
    runs: 25_000,
  },
  files: { links: ['wire', 'store', 'walk', 'sha256', 'xattrs', 'clock', 'loop'], wraps: [], runs: 10_000 },
};

const FLAGS = [
  ...['-std=c11', '-D_GNU_SOURCE', '-Wall', '-Wextra', '-Werror', '-Wshadow', '-fno-strict-aliasing', '-O0', '-g'],
  // At fixed addresses, so that what counts as new code is the same in every run.
  ...['-fno-pie', '-fno-omit-frame-pointer', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'],
  ...[`-DPARACLE_BUILD_ID="${'0'.repeat(32)}"`, `-I${sources}`],
];
const COUNTED = ['--coverage', '-fsanitize-coverage=trace-pc'];

/** Runs the corpus, then mutations of it; resolves with the table of coverage and what was run. */
export async function fuzzParsers(scale) {
  mkdirSync(build, { recursive: true });
  const objects = mkdtempSync(join(build, 'fuzz-'));
  const memory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
  const tree = mkdtempSync(join(memory, 'paracle-fuzz-'));
  chmodSync(tree, 0o755);
  if (process.getuid() === 0) chownSync(tree, NOBODY, NOBODY);
  try {
    const names = Object.keys(TARGETS);
    await run('gcc', [...FLAGS, '-c', join(here, 'fuzz', 'driver.c'), '-o', join(objects, 'driver.o')]);
    await Promise.all(names.map((name) => compile(name, objects)));
    for (const name of names) await fuzz(name, 0, objects, tree);
    const table = checkCoverage(objects);
    const said = [];
    for (const name of names)
      said.push(`${name}: ${await fuzz(name, Math.round(TARGETS[name].runs * scale), objects, tree)}`);
    return `${table}\n${said.join('\n')}`;
  } finally {
    rmSync(objects, { recursive: true, force: true });
    rmSync(tree, { recursive: true, force: true });
  }
}

async function compile(name, objects) {
  const { links, wraps } = TARGETS[name];
  const files = [join(here, 'fuzz', `fuzz-${name}.c`), ...links.map((link) => join(sources, `${link}.c`))];
  const wrap = `-Wl,${['_exit', ...wraps].map((call) => `--wrap=${call}`).join(',')}`;
  const link = ['-no-pie', wrap, join(objects, 'driver.o'), '-o', join(objects, name)];
  await run('gcc', [...FLAGS, ...COUNTED, ...files, ...link], { cwd: objects });
}

async function fuzz(name, runs, objects, tree) {
  const crash = join(build, `crash-${name}`);
  try {
    const { stderr } = await run(join(objects, name), [join(here, 'corpus', name), String(runs), crash, tree], {
      timeout: TIMEOUT_MS,
      env: { ...process.env, ASAN_OPTIONS: 'handle_abort=1', UBSAN_OPTIONS: 'print_stacktrace=1' },
    });
    return stderr.trim();
  } catch (error) {
    throw new Error(
      `${error.stderr || error.message}\nThe fuzz target ${name} failed. Its input is kept in ${crash}: ` +
        `move it to ${join(here, 'corpus', name)} under a telling name, and it is run first.`,
      { cause: error },
    );
  }
}
