import { expect, it } from '@jest/globals';
import { spaceTaken } from '../../../src/disk/disk-watchdog.js';

const MEBIBYTE = 1024 * 1024;
const baseline = { bytes: 100 * MEBIBYTE, entries: 5000, changedBytes: 0, changedEntries: 0 };

it.each([
  { title: 'what changed', now: { bytes: 100 * MEBIBYTE, changedBytes: 30 * MEBIBYTE }, taken: 30 * MEBIBYTE },
  { title: 'what grew, where the clock was set back', now: { bytes: 130 * MEBIBYTE }, taken: 30 * MEBIBYTE },
  { title: '8 KiB for each new name', now: { entries: 6000, changedEntries: 1000 }, taken: 1000 * 8192 },
  { title: '8 KiB for each name, where the clock was set back', now: { entries: 6000 }, taken: 1000 * 8192 },
  { title: 'nothing, where there is less than before', now: { bytes: 0, entries: 0 }, taken: 0 },
])('counts $title', ({ now, taken }) => {
  expect(spaceTaken({ ...baseline, ...now }, baseline)).toBe(taken);
});
