import { expect, it } from '@jest/globals';
import type { JournalReading } from '../../../src/denials/parse-denials.js';
import type { Denial, DenialJournal } from '../../../src/index.js';
import { DenialLog } from '../../../src/isolator/denial-log.js';

const denial = (address: string, count: number): Denial => {
  return { address, protocol: 'tcp', port: 80, count, reason: 'internet' };
};

const journal = (...denials: readonly Denial[]): DenialJournal => ({ denials, isTruncated: false });

/** What the kernel has, and how many minutes ago each was last seen. */
const readAged = (...denials: readonly (readonly [ageMinutes: number, denial: Denial])[]): JournalReading => ({
  entries: denials.map(([ageMinutes, each]) => ({ denial: each, expiresSeconds: 3600 - ageMinutes * 60 })),
  isTruncated: false,
});

/** Each was seen just now. */
const read = (...denials: readonly Denial[]): JournalReading => readAged(...denials.map((each) => [0, each] as const));

/** A clock that is set by the minute. */
class Clock {
  minutes = 7;
  readonly now = (): number => this.minutes * 60_000;
}

const target = (address: string): { readonly address: string; readonly port: number } => ({ address, port: 80 });

it('adds up journals over rulesets, each of which begins anew', () => {
  const log = new DenialLog();
  log.begin();
  log.update(read(denial('192.0.2.1', 3), denial('192.0.2.2', 1)));
  log.begin();
  log.update(read(denial('192.0.2.1', 2)));
  expect(log.list()).toEqual(journal(denial('192.0.2.1', 5), denial('192.0.2.2', 1)));
});

it('leaves out one packet for each look of ours, and no more', () => {
  const log = new DenialLog();
  const own = ['192.0.2.1', '192.0.2.9'].map(target);
  log.begin();
  log.update(read(denial('192.0.2.1', 1), denial('192.0.2.2', 1)), own);
  expect(log.list()).toEqual(journal(denial('192.0.2.2', 1)));
  log.update(read(denial('192.0.2.1', 4), denial('192.0.2.2', 1)), own);
  expect(log.list()).toEqual(journal(denial('192.0.2.2', 1), denial('192.0.2.1', 2)));
});

it('tells each reader of each denial once', () => {
  const log = new DenialLog();
  log.begin();
  log.update(read(denial('192.0.2.1', 2)));
  expect(log.take('executions')).toEqual(journal(denial('192.0.2.1', 2)));
  expect(log.take('executions')).toEqual(journal());
  log.update(read(denial('192.0.2.1', 5)));
  expect(log.take('executions')).toEqual(journal(denial('192.0.2.1', 3)));
  expect(log.take('events')).toEqual(journal(denial('192.0.2.1', 5)));
  expect(log.take('events')).toEqual(journal());
});

it('keeps the count where the kernel has forgotten an entry after an hour', () => {
  const log = new DenialLog();
  log.begin();
  log.update(read(denial('192.0.2.1', 5)));
  log.take('executions');
  log.update(read());
  log.update(read(denial('192.0.2.1', 1)));
  expect(log.take('executions')).toEqual(journal(denial('192.0.2.1', 1)));
});

it('counts an entry anew that the kernel had forgotten between two readings, and one that it had not on', () => {
  const clock = new Clock();
  const log = new DenialLog(clock.now);
  log.begin();
  log.update(readAged([20, denial('192.0.2.1', 2)], [20, denial('192.0.2.2', 2)], [5, denial('192.0.2.3', 2)]));
  log.take('executions');

  clock.minutes += 45;
  // Of the first the entry ended 40 minutes after the last reading; of the others it was seen before that, or not again.
  log.update(readAged([2, denial('192.0.2.1', 2)], [30, denial('192.0.2.2', 3)], [50, denial('192.0.2.3', 2)]));

  expect(log.take('executions')).toEqual(journal(denial('192.0.2.1', 2), denial('192.0.2.2', 1)));
});

it('says that more may have been refused where nobody has read for as long as the kernel remembers', () => {
  const clock = new Clock();
  const log = new DenialLog(clock.now);
  log.begin();
  clock.minutes += 50;
  log.update(read(denial('192.0.2.1', 1)));
  clock.minutes += 50;
  log.update(readAged([50, denial('192.0.2.1', 1)]));
  expect(log.take('executions')).toEqual(journal(denial('192.0.2.1', 1)));

  clock.minutes += 60;
  log.update(read(denial('192.0.2.1', 1)));

  expect(log.take('executions')).toEqual({ denials: [denial('192.0.2.1', 1)], isTruncated: true });
  clock.minutes += 50;
  log.update(read());
  expect(log.take('executions')).toEqual(journal());
});

it('says that a journal was full until each reader was told', () => {
  const log = new DenialLog();
  log.begin();
  log.update({ ...read(denial('192.0.2.1', 1)), isTruncated: true });
  for (const reader of ['events', 'executions'] as const) {
    expect(log.take(reader).isTruncated).toBe(true);
    expect(log.take(reader).isTruncated).toBe(false);
  }
  expect(log.list().isTruncated).toBe(true);
});

it('keeps 4,096 destinations, counts these on, and says that there were more', () => {
  const log = new DenialLog();
  const addresses = Array.from({ length: 4097 }, (_value, index) => `10.1.${index >> 8}.${index & 255}`);
  log.begin();
  log.update(read(...addresses.slice(0, 4096).map((address) => denial(address, 1))));
  expect(log.take('executions').isTruncated).toBe(false);
  log.update(read(...addresses.map((address) => denial(address, 2))));
  const { denials, isTruncated } = log.take('executions');
  expect(denials).toHaveLength(4096);
  expect(isTruncated).toBe(true);
});
