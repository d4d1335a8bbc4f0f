import { expect, it } from '@jest/globals';
import { PayloadReader, PayloadWriter } from '../../../src/supervisor/wire.js';

it('reads what was written', () => {
  const payload = new PayloadWriter()
    .u8(255)
    .u32(0xffff_ffff)
    .u64(-1n)
    .text('text')
    .text(Buffer.of(1))
    .bytes(Buffer.of(2, 3))
    .finish();
  const reader = new PayloadReader(payload);
  expect(reader.u8()).toBe(255);
  expect(reader.u32()).toBe(0xffff_ffff);
  expect(reader.u64()).toBe(0xffff_ffff_ffff_ffffn);
  expect(reader.bytes(5).toString()).toBe('text\0');
  expect(reader.u16()).toBe(1);
  expect(reader.left).toBe(2);
});

it('reads signed numbers, and sizes up to the largest exact one', () => {
  const numbers = new PayloadWriter()
    .u64(-5n)
    .u64(BigInt(Number.MAX_SAFE_INTEGER))
    .u64(BigInt(Number.MAX_SAFE_INTEGER) + 1n)
    .finish();
  const reader = new PayloadReader(numbers);
  expect(reader.i64()).toBe(-5n);
  expect(reader.size()).toBe(Number.MAX_SAFE_INTEGER);
  expect(() => reader.size()).toThrow(RangeError);
});

it('refuses to read past the end, and stays where it is', () => {
  const reader = new PayloadReader(Buffer.alloc(3));
  for (const read of [() => reader.u32(), () => reader.u64(), () => reader.i64(), () => reader.bytes(4)])
    expect(read).toThrow(RangeError);
  expect(reader.u16()).toBe(0);
  expect(() => reader.u16()).toThrow(RangeError);
  expect(reader.u8()).toBe(0);
  expect(() => reader.u8()).toThrow(RangeError);
});
