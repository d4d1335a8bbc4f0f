import { expect, it } from '@jest/globals';
import { createRandom, thrownBy } from '@paracle/test-support';
import { StreamDemultiplexer } from '../../../src/supervisor/stream-demultiplexer.js';

function record(stream: number, text: string): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt8(stream, 0);
  header.writeUInt32BE(text.length, 4);
  return Buffer.concat([header, Buffer.from(text, 'latin1')]);
}

const bytes = Buffer.concat([record(1, 'out'), record(2, 'err'), record(1, ''), record(1, 'more'), record(2, '!')]);

function demultiplex(pieces: readonly Buffer[]): { out: string; err: string } {
  const seen = { out: '', err: '' };
  const demultiplexer = new StreamDemultiplexer(
    (piece) => (seen.out += piece.toString('latin1')),
    (piece) => (seen.err += piece.toString('latin1')),
  );
  for (const piece of pieces) demultiplexer.push(piece);
  return seen;
}

it('tells the streams apart wherever the bytes are cut in two', () => {
  for (let cut = 0; cut <= bytes.length; cut++) {
    const seen = demultiplex([bytes.subarray(0, cut), bytes.subarray(cut)]);
    expect(seen).toEqual({ out: 'outmore', err: 'err!' });
  }
});

it('tells the streams apart byte by byte', () => {
  expect(demultiplex([...bytes].map((byte) => Buffer.of(byte)))).toEqual({ out: 'outmore', err: 'err!' });
});

it.each([0, 3, 255])('refuses stream %d', (stream) => {
  expect(() => demultiplex([record(stream, 'x')])).toThrow(RangeError);
});

it('throws nothing but a RangeError and makes no bytes up, whatever it is given', () => {
  const random = createRandom(3);
  for (let run = 0; run < 3000; run++) {
    const noise = Buffer.from(
      Array.from({ length: 40 }, () => (random() < 0.5 ? Math.floor(random() * 3) : Math.floor(random() * 256))),
    );
    let handed = 0;
    const demultiplexer = new StreamDemultiplexer(
      (piece) => (handed += piece.length),
      (piece) => (handed += piece.length),
    );
    expect(['none', 'RangeError']).toContain(thrownBy(() => demultiplexer.push(noise)));
    expect(handed).toBeLessThanOrEqual(noise.length);
  }
});
