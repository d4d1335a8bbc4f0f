import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aptInstall, canInstall } from './apt.mjs';
import { findCommand, run } from './run.mjs';
import { SetupError } from './step.mjs';

/** The packages the native build and its sanitizer tests need on Debian and Ubuntu. */
const PACKAGES = ['musl-tools', 'gcc', 'libc6-dev'];

/** Finds a compiler that links static programs (the supervisor is one), or installs it. */
export async function ensureCompiler() {
  const found = await findStaticCompiler();
  if (found !== undefined) return found;
  if (!canInstall()) {
    throw new SetupError(
      'Expected a C compiler that links static programs (musl-gcc, or a cc with a static libc), found none.\n' +
        `On Debian or Ubuntu: apt-get install ${PACKAGES.join(' ')}. Elsewhere install musl and its gcc wrapper. Then run this again.`,
    );
  }
  await aptInstall(PACKAGES, 'a C compiler');
  const installed = await findStaticCompiler();
  if (installed !== undefined) return `${installed}, installed`;
  throw new SetupError(`${PACKAGES.join(' ')} are installed, but neither musl-gcc nor cc links a static program.`);
}

async function findStaticCompiler() {
  // In the order of packages/core/native/build.mjs.
  for (const name of [process.env.PARACLE_CC, 'musl-gcc', 'cc']) {
    if (name && findCommand(name) !== undefined && (await linksStatic(name))) return name;
  }
  return undefined;
}

async function linksStatic(compiler) {
  const folder = mkdtempSync(join(tmpdir(), 'paracle-cc-'));
  try {
    writeFileSync(join(folder, 'probe.c'), '#include <stdio.h>\nint main(void) { return puts("ok") < 0; }\n');
    const { exitCode } = await run(compiler, ['-static', '-o', join(folder, 'probe'), join(folder, 'probe.c')]);
    return exitCode === 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
