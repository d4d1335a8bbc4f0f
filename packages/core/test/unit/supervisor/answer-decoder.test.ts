import { expect, it } from '@jest/globals';
import { createRandom, thrownBy } from '@paracle/test-support';
import { AnswerDecoder } from '../../../src/supervisor/answer-decoder.js';
import { PayloadWriter } from '../../../src/supervisor/wire.js';

const MAX_ANSWER_BYTES = 128 * 1024;

function encode(type: number, payload: string): Buffer {
  return new PayloadWriter()
    .u32(payload.length + 1)
    .u8(type)
    .bytes(Buffer.from(payload, 'latin1'))
    .finish();
}

const bytes = Buffer.concat([encode(1, ''), encode(3, 'contents'), encode(4, 'x'.repeat(300)), encode(2, 'four')]);

function decode(pieces: readonly Buffer[]): [type: number, payload: string][] {
  const answers: [number, string][] = [];
  const decoder = new AnswerDecoder((type, payload) => answers.push([type, payload.toString('latin1')]));
  for (const piece of pieces) decoder.push(piece);
  return answers;
}

it('reads the same wherever the bytes are cut in two, and byte by byte', () => {
  const expected = [
    [1, ''],
    [3, 'contents'],
    [4, 'x'.repeat(300)],
    [2, 'four'],
  ];
  for (let cut = 0; cut <= bytes.length; cut++)
    expect(decode([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(expected);
  expect(decode([...bytes].map((byte) => Buffer.of(byte)))).toEqual(expected);
});

it('takes an answer as long as one may be, and refuses a longer one or none by its length alone', () => {
  const longest = encode(3, 'x'.repeat(MAX_ANSWER_BYTES - 1));
  expect(decode([longest.subarray(0, 1000), longest.subarray(1000)])[0]?.[1]).toHaveLength(MAX_ANSWER_BYTES - 1);
  for (const length of [0, MAX_ANSWER_BYTES + 1, 2 ** 32 - 1])
    expect(() => decode([new PayloadWriter().u32(length).finish()])).toThrow(RangeError);
});

it('throws nothing but a RangeError and makes no bytes up, whatever it is given', () => {
  const random = createRandom(6);
  for (let run = 0; run < 3000; run++) {
    const noise = Buffer.from(bytes);
    const changes = Math.floor(random() * 6);
    for (let change = 0; change < changes; change++)
      noise[Math.floor(random() * noise.length)] = random() < 0.5 ? 0 : Math.floor(random() * 256);
    let handed = 0;
    const decoder = new AnswerDecoder((_type, payload) => (handed += payload.length));
    const size = 1 + Math.floor(random() * 40);
    const thrown = thrownBy(() => {
      for (let at = 0; at < noise.length; at += size) decoder.push(noise.subarray(at, at + size));
    });
    expect(['none', 'RangeError']).toContain(thrown);
    expect(handed).toBeLessThanOrEqual(noise.length);
  }
});
