import { expect, it } from '@jest/globals';
import { createRandom, thrownBy } from '@paracle/test-support';
import { readExitReport } from '../../../src/supervisor/exit-report.js';
import { EXITED_FLAG } from '../../../src/supervisor/protocol.js';
import { PayloadReader, PayloadWriter } from '../../../src/supervisor/wire.js';

/** By name: Node's own errors are of another realm than a test's. */
const rangeError: unknown = expect.objectContaining({ name: 'RangeError' });

const ABSENT = 0xffff_ffff_ffff_ffffn;

interface Wire {
  readonly cause?: number;
  readonly flags?: number;
  readonly exitCode?: number;
  readonly signal?: number;
  readonly durationNs?: bigint;
  readonly before?: readonly bigint[];
}

function encode({
  cause = 0,
  flags = 0,
  exitCode = 0,
  signal = 0,
  durationNs = 5_000_000n,
  before = [],
}: Wire): Buffer {
  const writer = new PayloadWriter().u8(cause).u8(flags).u8(exitCode).u8(signal).u32(2);
  for (const value of [durationNs, 3000n, 1000n, 4096n]) writer.u64(value);
  for (let index = 0; index < 8; index++) writer.u64(BigInt.asIntN(64, before[index] ?? ABSENT));
  for (let index = 0; index < 8; index++) writer.u64(BigInt(index));
  return writer.finish();
}

const read = (wire: Wire): ReturnType<typeof readExitReport> => readExitReport(new PayloadReader(encode(wire)));

it('reads what ended by itself', () => {
  expect(read({ flags: EXITED_FLAG.code, exitCode: 200 })).toEqual({
    endedBy: 'none',
    exitCode: 200,
    wasKilledBySupervisor: false,
    wasShared: false,
    hasBackground: false,
    survivorCount: 2,
    durationMs: 5,
    userCpuMs: 3,
    systemCpuMs: 1,
    peakProcessBytes: 4096,
    before: {},
    after: {
      memoryBytes: 0,
      memoryPeakBytes: 1,
      memoryLimitBytes: 2,
      oomKills: 3,
      pids: 4,
      pidsLimit: 5,
      pidsRefused: 6,
      cpuMicroseconds: 7,
    },
  });
});

it('has neither exit code nor signal where the supervisor knows none', () => {
  const report = read({ exitCode: 1, signal: 9 });
  expect(report.exitCode).toBeUndefined();
  expect(report.signalNumber).toBeUndefined();
});

it('reads each flag and cause', () => {
  const { signal, bySupervisor, shared, background } = EXITED_FLAG;
  expect(read({ cause: 1, flags: signal | bySupervisor | shared | background, signal: 9 })).toMatchObject({
    endedBy: 'timeout',
    signalNumber: 9,
    wasKilledBySupervisor: true,
    wasShared: true,
    hasBackground: true,
  });
  const causes = [0, 1, 2, 3, 4, 5].map((cause) => read({ cause }).endedBy);
  expect(causes).toEqual(['none', 'timeout', 'aborted', 'rolled_back', 'disconnected', 'output']);
});

it('leaves out counters that the kernel did not tell, or told as "no limit"', () => {
  expect(read({ before: [1n, ABSENT, 0x7fff_ffff_ffff_f000n, 2n] }).before).toEqual({ memoryBytes: 1, oomKills: 2 });
});

it('refuses an unknown cause and a number that can not be', () => {
  const { code, signal } = EXITED_FLAG;
  expect(() => read({ cause: 7 })).toThrow(rangeError);
  expect(() => read({ flags: code | signal, signal: 9 })).toThrow(rangeError);
  for (const number of [0, 65, 255]) expect(() => read({ flags: signal, signal: number })).toThrow(rangeError);
  expect(read({ flags: signal, signal: 64 }).signalNumber).toBe(64);
  expect(() => read({ durationNs: -1n })).toThrow(rangeError);
});

it('refuses a report that is cut short, wherever', () => {
  const whole = encode({ flags: EXITED_FLAG.code });
  for (let length = 0; length < whole.length; length++) {
    expect(() => readExitReport(new PayloadReader(whole.subarray(0, length)))).toThrow(rangeError);
  }
});

it('throws nothing but a RangeError, whatever it is given', () => {
  const random = createRandom(4);
  for (let run = 0; run < 3000; run++) {
    const noise = Buffer.from(Array.from({ length: 168 }, () => (random() < 0.8 ? 0 : Math.floor(random() * 256))));
    expect(['none', 'RangeError']).toContain(thrownBy(() => readExitReport(new PayloadReader(noise))));
  }
});
