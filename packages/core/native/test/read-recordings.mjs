/** What the supervisor makes of control groups as kernels show them. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { TYPE } from './frames.mjs';
import { RECORDINGS } from './recordings.mjs';
import { SupervisorProcess } from './supervisor-process.mjs';

const COUNTERS = ['memory', 'memoryPeak', 'memoryLimit', 'oomKills', 'pids', 'pidsLimit', 'pidsRefused', 'cpuUs'];
const USAGE = ['inactiveCache', 'blockRead', 'blockWritten', 'networkReceived', 'networkSent'];
const ABSENT = 2n ** 64n - 1n;

/** Shows each recording to a supervisor as its own; resolves with how many, or rejects with the first that is misread. */
export async function readRecordings(binary) {
  for (const { title, files, cgroup, networkDevices, expected } of RECORDINGS) {
    const recording = mkdtempSync(join(tmpdir(), 'paracle-recording-'));
    try {
      for (const [path, text] of Object.entries({ ...files, '../cgroup': cgroup, '../net/dev': networkDevices })) {
        const file = join(recording, 'tree', path);
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, text);
      }
      assert.deepEqual(await read(binary, recording), expected, title);
    } finally {
      rmSync(recording, { recursive: true });
    }
  }
  return RECORDINGS.length;
}

async function read(binary, recording) {
  const supervisor = new SupervisorProcess(binary, { recording });
  try {
    const { client } = supervisor;
    const welcome = await client.greet();
    client.send(TYPE.counters, 1);
    const reply = await client.answer(TYPE.countersReply, 1);
    const numbers = [...COUNTERS, 'takenNs', ...USAGE].map((name, index) => [name, reply.readBigUInt64LE(8 * index)]);
    const told = numbers.filter(([name, value]) => name !== 'takenNs' && value !== ABSENT);
    return { version: welcome[52], ...Object.fromEntries(told) };
  } finally {
    await supervisor.close();
  }
}
