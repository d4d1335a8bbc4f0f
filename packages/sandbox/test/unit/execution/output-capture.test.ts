import { expect, it } from '@jest/globals';
import { createRandom } from '@paracle/test-support';
import { OutputCapture } from '../../../src/execution/output-capture.js';

function capture(pieces: readonly Uint8Array[], maxBytes: number): ReturnType<OutputCapture['finish']> {
  const kept = new OutputCapture(maxBytes);
  for (const piece of pieces) kept.push(piece);
  return kept.finish();
}

it('keeps head and tail and counts the rest, whatever the pieces and the limit', () => {
  const random = createRandom(1);
  const below = (limit: number): number => Math.floor(random() * limit);
  for (let run = 0; run < 2000; run++) {
    const maxBytes = below(60);
    const pieces = Array.from({ length: below(12) }, () =>
      Buffer.from(Array.from({ length: below(40) }, () => below(256))),
    );
    const whole = Buffer.concat(pieces);
    const head = Math.ceil(maxBytes / 2);
    const tail = Math.floor(maxBytes / 2);
    const expected =
      whole.length <= maxBytes ? whole : Buffer.concat([whole.subarray(0, head), whole.subarray(whole.length - tail)]);
    const { bytes, droppedBytes } = capture(pieces, maxBytes);
    expect(Buffer.from(bytes).toString('hex')).toBe(expected.toString('hex'));
    expect(droppedBytes).toBe(whole.length - expected.length);
  }
});

it('copies what it keeps, since pieces are reused', () => {
  const kept = new OutputCapture(8);
  const piece = Buffer.from('abcdef');
  kept.push(piece);
  piece.fill('x');
  expect(kept.finish().text).toBe('abcdef');
});

it('says in the text where how much was dropped, and only then', () => {
  expect(capture([Buffer.from('head----tail')], 8).text).toBe('head\n[… 4 bytes dropped …]\ntail');
  expect(capture([Buffer.from('he'), Buffer.from('adtail')], 8).text).toBe('headtail');
  expect(capture([Buffer.from('gone')], 0)).toMatchObject({ text: '\n[… 4 bytes dropped …]\n', droppedBytes: 4 });
});

it('decodes what it kept as UTF-8, also where a character came in two pieces', () => {
  const bytes = Buffer.from('süß');
  expect(capture([bytes.subarray(0, 2), bytes.subarray(2)], 100).text).toBe('süß');
});

it('takes for a small output no more memory than that needs', () => {
  const kept = new OutputCapture(512 * 1024 * 1024);
  const before = process.memoryUsage().arrayBuffers;
  kept.push(Buffer.from('small'));
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1024 * 1024);
});
