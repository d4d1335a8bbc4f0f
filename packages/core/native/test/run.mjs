/** The supervisor's own tests: `node native/test/run.mjs`. PARACLE_TEST_SCALE scales how much is fuzzed. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSupervisor, hostArch } from '../build.mjs';
import { checkFilter } from './check-filter.mjs';
import { driveSupervisor } from './drive-supervisor.mjs';
import { driveEmulated, findEmulator, otherArch } from './emulation.mjs';
import { fuzzParsers } from './fuzz-parsers.mjs';
import { readRecordings } from './read-recordings.mjs';

/** The sanitizers don't see into fortified variants of functions, and need glibc. */
const SANITIZED = {
  suffix: '-sanitized',
  flags: ['-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-O1', '-g'],
  compiler: { command: 'gcc' },
};

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
  const verdicts = checkFilter(hostArch) + checkFilter(otherArch, findEmulator());
  console.log(`filter: ${verdicts} calls judged, on ${hostArch} and ${otherArch}`);
  if (process.getuid() !== 0) {
    if (process.env.CI) throw new Error('Expected to be root, which running the supervisor as PID 1 takes.');
    console.log('supervisor: skipped, it takes root to run it as PID 1');
    return;
  }
  const sanitized = buildSupervisor(hostArch, SANITIZED);
  console.log(`supervisor: ${await driveSupervisor(sanitized)} behaviours as PID 1, sanitized`);
  console.log(`control groups: ${await readRecordings(sanitized)} recordings read`);
  console.log(`supervisor: ${await driveEmulated()} behaviours as PID 1 on ${otherArch}, emulated`);
}

test().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
