/**
 * Builds the supervisor as static binaries: `node native/build.mjs [amd64] [arm64]`, for this machine's
 * architecture where none is named. The build id is the digest of the sources, the architecture and the
 * compiler's flags; the binary says it at every hello, and the volume that carries it into sandboxes is
 * named after the binary's own digest.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const sourceDirectory = join(here, 'src');
const outDirectory = join(here, 'build');

/** Docker's names of architectures, and how compilers call them. */
const COMPILER_PREFIX = { amd64: 'x86_64', arm64: 'aarch64' };

/** This machine's architecture. */
export const hostArch = { x64: 'amd64', arm64: 'arm64' }[process.arch];

const COMMON_FLAGS = [
  ...['-std=c11', '-D_GNU_SOURCE', '-O2', '-g0', '-Wall', '-Wextra', '-Werror', '-Wshadow'],
  ...['-fstack-protector-strong', '-fno-strict-aliasing'],
];
export const STATIC_FLAGS = ['-D_FORTIFY_SOURCE=2', '-static', '-s'];

/** Builds what is not up to date and returns its path. The options are for tests: variants, with names of their own. */
export function buildSupervisor(arch, { suffix = '', flags = STATIC_FLAGS, addedSources = [], compiler } = {}) {
  const names = readdirSync(sourceDirectory).filter((name) => /\.[ch]$/.test(name));
  const files = [...names.sort().map((name) => join(sourceDirectory, name)), ...addedSources];
  const allFlags = [...COMMON_FLAGS, ...flags];
  const hash = createHash('sha256').update(JSON.stringify([arch, ...allFlags]));
  for (const file of files) hash.update(`${file.slice(here.length)}\0`).update(readFileSync(file));
  const buildId = hash.digest('hex').slice(0, 32);
  const out = join(outDirectory, `supervisor-${arch}${suffix}`);
  const stamp = `${out}.build-id`;
  if (existsSync(out) && existsSync(stamp) && readFileSync(stamp, 'utf8') === buildId) return out;
  const sources = files.filter((file) => file.endsWith('.c'));
  compile(arch, [...allFlags, `-DPARACLE_BUILD_ID="${buildId}"`, ...sources], out, compiler);
  writeFileSync(stamp, buildId);
  return out;
}

/** Compiles and links a program; it replaces `out` when it is whole. */
export function compile(arch, args, out, compiler = findCompiler(arch)) {
  mkdirSync(outDirectory, { recursive: true });
  const temporary = `${out}.${process.pid}`;
  const { command, prefixed = [], appended = [] } = compiler;
  execFileSync(command, [...prefixed, ...args, ...appended, '-o', temporary], { stdio: 'inherit' });
  renameSync(temporary, out);
}

function findCompiler(arch) {
  if (!(arch in COMPILER_PREFIX)) {
    throw new Error(`Expected amd64 or arm64, got ${JSON.stringify(arch)}: the supervisor runs on nothing else.`);
  }
  const candidates = arch === hostArch ? hostCompilers() : crossCompilers(arch);
  const found = candidates.find(({ command, needs }) => isThere(command) && (needs === undefined || existsSync(needs)));
  if (found !== undefined) return found;
  throw new Error(
    `Expected a C compiler that links static programs for ${arch}, found none of ` +
      `${candidates.map(({ command, needs }) => (needs === undefined ? command : `${command} with ${needs}`)).join(', ')}. ` +
      (arch === hostArch
        ? 'Install musl-tools (Debian, Ubuntu) or set PARACLE_CC.'
        : '`npm run setup -- --all-architectures` gets one on Debian and Ubuntu.'),
  );
}

function hostCompilers() {
  return [process.env.PARACLE_CC, 'musl-gcc', 'cc'].filter(Boolean).map((command) => ({ command }));
}

/**
 * A whole musl tool chain, or Debian's compiler with the musl that scripts/setup/cross-compiler.mjs puts beside the
 * binaries: Debian has the compiler for glibc only.
 */
function crossCompilers(arch) {
  const musl = join(outDirectory, `musl-${arch}`);
  const startFile = (name) => join(musl, 'lib', name);
  return [
    { command: `${COMPILER_PREFIX[arch]}-linux-musl-gcc` },
    {
      command: `${COMPILER_PREFIX[arch]}-linux-gnu-gcc`,
      needs: musl,
      prefixed: [
        ...['-nostdinc', '-isystem', join(musl, 'include'), '-nostdlib', startFile('crt1.o'), startFile('crti.o')],
        // libgcc's start-up of them asks glibc which there are.
        ...(arch === 'arm64' ? ['-mno-outline-atomics'] : []),
      ],
      appended: [startFile('libc.a'), '-lgcc', startFile('crtn.o')],
    },
  ];
}

function isThere(command) {
  try {
    execFileSync(command, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const named = process.argv.slice(2);
    for (const arch of named.length > 0 ? named : [hostArch]) buildSupervisor(arch);
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
