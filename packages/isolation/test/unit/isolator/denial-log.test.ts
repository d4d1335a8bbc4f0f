import { expect, it } from '@jest/globals';
import type { Denial } from '../../../src/index.js';
import { DenialLog } from '../../../src/isolator/denial-log.js';

const denial = (address: string, count: number): Denial => {
  return { address, protocol: 'tcp', port: 80, count, reason: 'internet' };
};

it('adds up journals over rulesets, without what was refused to our own looks', () => {
  const log = new DenialLog();
  log.begin([denial('192.0.2.1', 1)]);
  log.update([denial('192.0.2.1', 3), denial('192.0.2.2', 1)]);
  expect(log.list()).toEqual([denial('192.0.2.1', 2), denial('192.0.2.2', 1)]);

  log.begin([denial('192.0.2.1', 1)]);
  log.update([denial('192.0.2.1', 2)]);
  expect(log.list()).toEqual([denial('192.0.2.1', 3), denial('192.0.2.2', 1)]);
});

it('leaves out what a later look of ours added', () => {
  const log = new DenialLog();
  log.begin([denial('192.0.2.1', 1)]);
  const own = ['192.0.2.1', '192.0.2.9'].map((address) => ({ address, port: 80 }));
  log.update([denial('192.0.2.1', 4)], own);
  expect(log.list()).toEqual([denial('192.0.2.1', 2)]);
});

it('tells each denial once', () => {
  const log = new DenialLog();
  log.begin([]);
  log.update([denial('192.0.2.1', 2)]);
  expect(log.take()).toEqual([denial('192.0.2.1', 2)]);
  expect(log.take()).toEqual([]);
  log.update([denial('192.0.2.1', 5)]);
  expect(log.take()).toEqual([denial('192.0.2.1', 3)]);
});

it('keeps the count where the kernel has forgotten an entry after an hour', () => {
  const log = new DenialLog();
  log.begin([]);
  log.update([denial('192.0.2.1', 5)]);
  log.take();
  log.update([]);
  log.update([denial('192.0.2.1', 1)]);
  expect(log.take()).toEqual([denial('192.0.2.1', 1)]);
});
