import { cpSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aptInstall, canInstall } from './apt.mjs';
import { debianTree, ensureMmdebstrap } from './debian-tree.mjs';
import { root } from './paths.mjs';
import { findCommand } from './run.mjs';
import { note, SetupError } from './step.mjs';

/** The architecture that this machine has not, by the one it has. */
const OTHER = {
  x64: { arch: 'arm64', prefix: 'aarch64', compiler: 'gcc-aarch64-linux-gnu' },
  arm64: { arch: 'amd64', prefix: 'x86_64', compiler: 'gcc-x86-64-linux-gnu' },
};

/**
 * Has what packages/core/native/build.mjs needs to build the supervisor for the other architecture: Debian's cross
 * compiler, and musl for that architecture, unpacked beside the binaries. The same libc on both: musl makes it a fifth of
 * glibc's size (133 kB, not 666), asks for no more than its notice, and what tests show on one holds on the other.
 */
export async function ensureCrossCompiler() {
  const { arch, prefix, compiler } = OTHER[process.arch];
  if (findCommand(`${prefix}-linux-musl-gcc`) !== undefined) return `${prefix}-linux-musl-gcc`;
  const command = `${prefix}-linux-gnu-gcc`;
  if (findCommand(command) === undefined) {
    if (!canInstall()) {
      throw new SetupError(
        `Expected ${prefix}-linux-musl-gcc or ${command} for the supervisor on ${arch}, found neither.\n` +
          `On Debian or Ubuntu: apt-get install ${compiler}. Then run this again.`,
      );
    }
    await aptInstall([compiler], `a compiler for ${arch}`);
  }
  const musl = join(root, 'packages', 'core', 'native', 'build', `musl-${arch}`);
  if (!existsSync(musl)) await fetchMusl(arch, prefix, musl);
  return `${command} with musl`;
}

async function fetchMusl(arch, prefix, target) {
  note(`musl-dev for ${arch} from Debian's packages`);
  await ensureMmdebstrap();
  const tree = mkdtempSync(join(tmpdir(), 'paracle-musl-'));
  try {
    await debianTree({
      suite: 'bookworm',
      variant: 'extract',
      architecture: arch,
      include: ['musl-dev'],
      target: tree,
    });
    const unfinished = `${target}.${process.pid}`;
    for (const part of ['include', 'lib']) {
      cpSync(join(tree, 'usr', part, `${prefix}-linux-musl`), join(unfinished, part), { recursive: true });
    }
    renameSync(unfinished, target);
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}
