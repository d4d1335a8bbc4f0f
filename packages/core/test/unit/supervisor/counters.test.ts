import { expect, it } from '@jest/globals';
import { createRandom, thrownBy } from '@paracle/test-support';
import { readCounters, readResourceUsage } from '../../../src/supervisor/counters.js';
import { PayloadReader, PayloadWriter } from '../../../src/supervisor/wire.js';

const ABSENT = 0xffff_ffff_ffff_ffffn;
const LARGEST = BigInt(Number.MAX_SAFE_INTEGER);

function reader(...values: readonly bigint[]): PayloadReader {
  const writer = new PayloadWriter();
  for (const value of values) writer.u64(BigInt.asIntN(64, value));
  return new PayloadReader(writer.finish());
}

it('leaves out what is absent or larger than a number can be', () => {
  expect(readCounters(reader(1n, ABSENT, LARGEST + 1n, LARGEST, 0n, 1n << 63n, 6n, 7n))).toEqual({
    memoryBytes: 1,
    oomKills: Number.MAX_SAFE_INTEGER,
    pids: 0,
    pidsRefused: 6,
    cpuMicroseconds: 7,
  });
});

it('reads usage after the counters, with a time of any size', () => {
  const counters = Array.from({ length: 8 }, () => ABSENT);
  expect(readResourceUsage(reader(...counters, ABSENT, 1n, ABSENT, 3n, 4n, 5n))).toEqual({
    takenNs: ABSENT,
    inactiveCacheBytes: 1,
    blockWriteBytes: 3,
    networkReceivedBytes: 4,
    networkSentBytes: 5,
  });
});

it('throws nothing but a RangeError and tells only numbers that are exact, whatever it is given', () => {
  const random = createRandom(8);
  for (let run = 0; run < 3000; run++) {
    const length = random() < 0.5 ? 112 : Math.floor(random() * 112);
    const noise = Buffer.from(Array.from({ length }, () => (random() < 0.5 ? 0 : Math.floor(random() * 256))));
    const seen: unknown[] = [];
    const thrown = thrownBy(() => {
      const { takenNs, ...numbers } = readResourceUsage(new PayloadReader(noise));
      expect(typeof takenNs).toBe('bigint');
      seen.push(...Object.values(numbers));
    });
    expect(thrown).toBe(length === 112 ? 'none' : 'RangeError');
    expect(seen.every((number) => Number.isSafeInteger(number) && Number(number) >= 0)).toBe(true);
  }
});
