import { describe, expect, it } from '@jest/globals';
import { createRandom, thrownBy } from '@paracle/test-support';
import { FrameDecoder } from '../../../src/supervisor/frame-decoder.js';
import { FRAME_HEADER_BYTES, FRAME_MAGIC, MAX_PAYLOAD_BYTES, REPLY } from '../../../src/supervisor/protocol.js';
import { encodeFrame } from '../../../src/supervisor/wire.js';

/** Everything a decoder was told, with the pieces of one stream and execution joined. */
class Record {
  readonly messages: [type: number, id: number, payload: string][] = [];
  readonly output = new Map<string, string>();
  readonly decoder = new FrameDecoder({
    onOutput: (stream, id, piece) => {
      const key = `${stream} ${id}`;
      this.output.set(key, (this.output.get(key) ?? '') + piece.toString('latin1'));
    },
    onMessage: (type, id, payload) => {
      this.messages.push([type, id, payload.toString('latin1')]);
    },
  });
}

const frames = Buffer.concat([
  encodeFrame(REPLY.started, 7, Buffer.of(1, 2, 3, 4)),
  encodeFrame(REPLY.stdout, 7, Buffer.from('hello ')),
  encodeFrame(REPLY.stderr, 7, Buffer.from('oops')),
  encodeFrame(REPLY.stdout, 8, Buffer.from('another')),
  encodeFrame(REPLY.stdout, 7, Buffer.alloc(0)),
  encodeFrame(REPLY.stdout, 7, Buffer.from('world')),
  encodeFrame(REPLY.protocolError, 0, Buffer.alloc(0)),
  encodeFrame(REPLY.done, 0xffff_ffff, Buffer.of(0, 0, 0, 0)),
]);

function expectAll({ messages, output }: Record): void {
  expect(messages).toEqual([
    [REPLY.started, 7, '\u0001\u0002\u0003\u0004'],
    [REPLY.protocolError, 0, ''],
    [REPLY.done, 0xffff_ffff, '\0\0\0\0'],
  ]);
  expect(Object.fromEntries(output)).toEqual({ 'stdout 7': 'hello world', 'stderr 7': 'oops', 'stdout 8': 'another' });
}

describe('FrameDecoder', () => {
  it('reads the same wherever the bytes are cut in two', () => {
    for (let cut = 0; cut <= frames.length; cut++) {
      const record = new Record();
      record.decoder.push(frames.subarray(0, cut));
      record.decoder.push(frames.subarray(cut));
      expectAll(record);
    }
  });

  it('reads the same byte by byte, and whatever the sizes of the pieces', () => {
    const random = createRandom(1);
    for (let run = 0; run < 200; run++) {
      const record = new Record();
      for (let at = 0; at < frames.length; ) {
        const size = run === 0 ? 1 : 1 + Math.floor(random() * 20);
        record.decoder.push(frames.subarray(at, at + size));
        at += size;
      }
      expectAll(record);
    }
  });

  it('hands output on before its frame is whole', () => {
    const record = new Record();
    record.decoder.push(encodeFrame(REPLY.stdout, 3, Buffer.from('half')).subarray(0, FRAME_HEADER_BYTES + 2));
    expect(record.output.get('stdout 3')).toBe('ha');
  });

  it.each([
    { title: 'another magic byte', at: 4, value: FRAME_MAGIC ^ 1 },
    { title: 'a type of no message', at: 5, value: 0x42 },
    { title: 'a type that only the controller sends', at: 5, value: 0x02 },
    { title: 'a reserved byte that is set', at: 6, value: 1 },
    { title: 'another reserved byte that is set', at: 7, value: 1 },
  ])('refuses $title', ({ at, value }) => {
    const frame = encodeFrame(REPLY.started, 1, Buffer.alloc(4));
    frame[at] = value;
    expect(() => new Record().decoder.push(frame)).toThrow(RangeError);
  });

  it.each([
    { type: REPLY.stdout, limit: MAX_PAYLOAD_BYTES },
    { type: REPLY.exited, limit: 4096 },
  ])(
    'refuses by its header a frame of type $type above $limit bytes, and takes one of just that',
    ({ type, limit }) => {
      const header = (length: number): Buffer => {
        const frame = encodeFrame(type, 1);
        frame.writeUInt32LE(length, 0);
        return frame;
      };
      expect(() => new Record().decoder.push(header(limit))).not.toThrow();
      for (const length of [limit + 1, 2 ** 31, 2 ** 32 - 1]) {
        expect(() => new Record().decoder.push(header(length))).toThrow(RangeError);
      }
    },
  );

  it('throws nothing but a RangeError and holds no more than a message, whatever it is given', () => {
    const random = createRandom(20);
    const held: number[] = [];
    for (let run = 0; run < 3000; run++) {
      const bytes = Buffer.from(frames);
      const changes = Math.floor(random() * 6);
      for (let change = 0; change < changes; change++)
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      const noise = run % 3 === 0 ? Buffer.from(Array.from({ length: 64 }, () => Math.floor(random() * 256))) : bytes;
      const decoder = new FrameDecoder({
        onOutput: (_stream, _id, piece) => held.push(piece.length),
        onMessage: (_type, _id, payload) => held.push(payload.length),
      });
      const thrown = thrownBy(() => {
        for (let at = 0; at < noise.length; at += 5) decoder.push(noise.subarray(at, at + 5));
      });
      expect(['none', 'RangeError']).toContain(thrown);
    }
    expect(Math.max(...held)).toBeLessThanOrEqual(4096);
  });
});
