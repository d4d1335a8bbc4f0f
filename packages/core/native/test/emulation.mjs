/** The supervisor of the other architecture, run by qemu-user on this machine's kernel. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSupervisor, hostArch, STATIC_FLAGS } from '../build.mjs';
import { driveSupervisor } from './drive-supervisor.mjs';
import { execute, TYPE } from './frames.mjs';
import { SupervisorProcess } from './supervisor-process.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const EINVAL = 22;

/** The architecture that is emulated. */
export const otherArch = hostArch === 'amd64' ? 'arm64' : 'amd64';

/**
 * What can't be had under qemu-user, and why: it answers EINVAL to PR_SET_SECCOMP, and 7.2 (Debian 12) to
 * PR_SET_CHILD_SUBREAPER, which 10.0 knows. So the filter in force is not tried (check-filter.mjs tries what it says),
 * and what daemonises falls to PID 1 instead of its keeper, with the terminal that it holds. The programs that are run are this machine's own.
 */
const NEEDS_SUBREAPER = [
  'lets kept processes live until they are cancelled',
  'ends what left its terminal for a session of its own',
];

/** The path of the emulator; throws what to install where there is none. */
export function findEmulator() {
  const command = `qemu-${otherArch === 'arm64' ? 'aarch64' : 'x86_64'}-static`;
  try {
    return execFileSync('sh', ['-c', `command -v ${command}`], { encoding: 'utf8' }).trim();
  } catch (error) {
    throw new Error(`Expected ${command}, found none. On Debian or Ubuntu: apt-get install qemu-user-static.`, {
      cause: error,
    });
  }
}

/** Runs what is to be had; resolves with how many behaviours, or rejects with the first failure. */
export async function driveEmulated() {
  const emulator = findEmulator();
  await refuseWithoutFilter(buildSupervisor(otherArch), emulator);
  const binary = buildSupervisor(otherArch, {
    suffix: '-emulated',
    flags: [...STATIC_FLAGS, '-Wl,--wrap=prctl'],
    addedSources: [join(here, 'emulated-prctl.c')],
  });
  const isToBeHad = (title) => !NEEDS_SUBREAPER.includes(title);
  return 1 + (await driveSupervisor(binary, { emulator, isToBeHad }));
}

/** The very binary that is published: where the kernel takes no filter, it starts nothing. */
async function refuseWithoutFilter(binary, emulator) {
  const supervisor = new SupervisorProcess(binary, { emulator });
  try {
    await supervisor.client.greet();
    supervisor.client.send(TYPE.execute, 1, execute(['true']));
    assert.deepEqual(await supervisor.client.outcome(1), { stage: 2, errno: EINVAL });
  } finally {
    await supervisor.close();
  }
}
