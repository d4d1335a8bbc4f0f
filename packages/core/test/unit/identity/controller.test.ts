import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from '@jest/globals';
import {
  currentController,
  formatController,
  isProvablyDead,
  labelKeys,
  ownerLabels,
  parseController,
} from '@paracle/core';
import type { HostView, ProcessView } from '../../../src/identity/host-view.js';
import { parseProcessStat } from '../../../src/identity/parse-process-stat.js';

const present: ProcessView = { status: 'present', startTime: '100', isZombie: false };

function createHost(changes: Partial<HostView> = {}): HostView {
  const base = { platform: 'linux', machine: 'abc', bootId: 'b0', namespaces: '1.2', pid: 42 };
  return { ...base, readProcess: () => present, ...changes };
}

const controller = currentController(createHost());

it('survives being a label', () => {
  const real = currentController();

  expect(parseController(formatController(real))).toEqual(real);
  expect(parseController(formatController({ platform: 'darwin', machine: 'ab', pid: 7 }))).toEqual({
    platform: 'darwin',
    machine: 'ab',
    pid: 7,
  });
  expect(parseController(ownerLabels({ purpose: 'sandbox' })[labelKeys.owner] ?? '')).toEqual(real);
});

it.each(['', 'x', '2/linux/ab/-/-/1/-', '1/linux/ab/-/-/0/-', '1/linux/ab/-/-/1', '1/linux/ab/-/-/1/-/x'])(
  'does not read %p',
  (label) => {
    expect(parseController(label)).toBeUndefined();
  },
);

it.each<[string, Partial<HostView>, boolean]>([
  ['lives', {}, false],
  ['is gone', { readProcess: () => ({ status: 'gone' }) }, true],
  ['left its id to another process', { readProcess: () => ({ ...present, startTime: '101' }) }, true],
  ['is a zombie', { readProcess: () => ({ ...present, isZombie: true }) }, true],
  ['can’t be seen', { readProcess: () => ({ status: 'unknown' }) }, false],
  ['ran before the last boot', { bootId: 'b1' }, true],
  ['ran on another machine', { machine: 'def', bootId: 'b1', readProcess: () => ({ status: 'gone' }) }, false],
  ['runs in another namespace', { namespaces: '3.2', readProcess: () => ({ status: 'gone' }) }, false],
  [
    'ran on this machine, whose boot is not known',
    { bootId: undefined, readProcess: () => ({ status: 'gone' }) },
    false,
  ],
])('judges a controller that %s', (_title, changes, isDead) => {
  expect(isProvablyDead(controller, createHost(changes))).toBe(isDead);
});

it('is sure of nothing but a missing process on other systems', () => {
  const mac = createHost({ platform: 'darwin', bootId: undefined, namespaces: undefined });
  const owner = currentController({ ...mac, readProcess: () => ({ status: 'unknown' }) });

  expect(isProvablyDead(owner, { ...mac, readProcess: () => ({ status: 'unknown' }) })).toBe(false);
  expect(isProvablyDead(owner, { ...mac, readProcess: () => ({ status: 'gone' }) })).toBe(true);
});

it('sees real processes live and die', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  const pid = child.pid ?? 0;
  const startTime = parseProcessStat(spawnSync('cat', [`/proc/${pid}/stat`]).stdout.toString())?.startTime ?? '';
  const owner = { ...currentController(), pid, startTime };

  expect(isProvablyDead(currentController())).toBe(false);
  expect(isProvablyDead(owner)).toBe(false);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(isProvablyDead(owner)).toBe(true);
});

it('reads the start time behind a hostile program name', () => {
  const rest = Array.from({ length: 19 }, (_value, index) => index + 1000).join(' ');

  expect(parseProcessStat(`12 (a) R (b ) Z) S ${rest}`)).toEqual({ pid: 12, startTime: '1018', isZombie: false });
});
