/** The supervisor's own tests: `node native/test/run.mjs`. PARACLE_TEST_SCALE scales how much is fuzzed. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { driveSupervisor } from './drive-supervisor.mjs';
import { fuzzParsers } from './fuzz-parsers.mjs';

const native = join(dirname(fileURLToPath(import.meta.url)), '..');
const arch = { x64: 'amd64', arm64: 'arm64' }[process.arch];

/** Throws what to install where gcc, its sanitizers, gcov or unshare are not there. */
function requireTools() {
  const folder = mkdtempSync(join(tmpdir(), 'paracle-gcc-'));
  try {
    writeFileSync(join(folder, 'probe.c'), '#include <stdio.h>\nint main(void) { return puts("ok") < 0; }\n');
    const probe = ['-fsanitize=address,undefined', '--coverage', 'probe.c', '-o', 'probe'];
    execFileSync('gcc', probe, { cwd: folder, stdio: 'pipe' });
    for (const command of ['gcov', 'unshare', 'nsenter']) execFileSync(command, ['--version'], { stdio: 'pipe' });
  } catch (error) {
    throw new Error(
      'Expected gcc with its sanitizers (libasan, libubsan), gcov, unshare and nsenter, found not all of them: ' +
        `${error.stderr?.toString() || error.message}\n` +
        'On Debian or Ubuntu: apt-get install gcc libc6-dev util-linux. On Fedora: dnf install gcc libasan libubsan util-linux.',
      { cause: error },
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function test() {
  requireTools();
  console.log(await fuzzParsers(Number(process.env.PARACLE_TEST_SCALE ?? '1')));
  if (process.getuid() !== 0) {
    if (process.env.CI) throw new Error('Expected to be root, which running the supervisor as PID 1 takes.');
    console.log('supervisor: skipped, it takes root to run it as PID 1');
    return;
  }
  execFileSync(process.execPath, [join(native, 'build.mjs'), '--sanitize'], { stdio: 'inherit' });
  const count = await driveSupervisor(join(native, 'build', `supervisor-${arch}-sanitized`));
  console.log(`supervisor: ${count} behaviours as PID 1, sanitized`);
}

test().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
