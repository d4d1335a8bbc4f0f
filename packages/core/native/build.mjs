/**
 * Builds the supervisor as one static binary: `node native/build.mjs [--sanitize]`.
 * The build id is the digest of the sources and of the compiler's flags; the binary says it at every
 * hello, and the volume that carries it into sandboxes is named after the binary's own digest.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const sanitize = process.argv.includes('--sanitize');
const arch = { x64: 'amd64', arm64: 'arm64' }[process.arch];
const sourceDirectory = join(here, 'src');
const names = readdirSync(sourceDirectory)
  .filter((name) => /\.[ch]$/.test(name))
  .sort();

const flags = [
  '-std=c11',
  '-D_GNU_SOURCE',
  '-O2',
  '-g0',
  '-Wall',
  '-Wextra',
  '-Werror',
  '-Wshadow',
  '-fstack-protector-strong',
  // The sanitizers don't see into its variants of functions.
  ...(sanitize ? [] : ['-D_FORTIFY_SOURCE=2']),
  '-fno-strict-aliasing',
  ...(sanitize ? ['-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-O1', '-g'] : ['-static', '-s']),
];

function findCompiler() {
  const candidates = sanitize ? ['cc'] : [process.env.PARACLE_CC, 'musl-gcc', 'cc'];
  for (const compiler of candidates.filter((name) => name !== undefined)) {
    try {
      execFileSync(compiler, ['--version'], { stdio: 'ignore' });
      return compiler;
    } catch {
      // The next one.
    }
  }
  throw new Error('No C compiler found. Install musl-tools (Debian, Ubuntu) or set PARACLE_CC.');
}

const hash = createHash('sha256').update(JSON.stringify(flags));
for (const name of names) hash.update(`${name}\0`).update(readFileSync(join(sourceDirectory, name)));
const buildId = hash.digest('hex').slice(0, 32);

const outDirectory = join(here, 'build');
const out = join(outDirectory, `supervisor-${arch}${sanitize ? '-sanitized' : ''}`);
const stamp = `${out}.build-id`;
if (!existsSync(out) || !existsSync(stamp) || readFileSync(stamp, 'utf8') !== buildId) {
  mkdirSync(outDirectory, { recursive: true });
  const sources = names.filter((name) => name.endsWith('.c')).map((name) => join(sourceDirectory, name));
  const temporary = `${out}.${process.pid}`;
  execFileSync(findCompiler(), [...flags, `-DPARACLE_BUILD_ID="${buildId}"`, ...sources, '-o', temporary], {
    stdio: 'inherit',
  });
  renameSync(temporary, out);
  writeFileSync(stamp, buildId);
}
