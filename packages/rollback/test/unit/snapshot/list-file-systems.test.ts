import { expect, it } from '@jest/globals';
import type { ContainerDescription } from '@paracle/core';
import { findRoots } from '../../../src/snapshot/list-file-systems.js';

function describe(mounts: readonly [type: string, destination: string][], hostConfig: unknown): ContainerDescription {
  return {
    id: 'c',
    name: 'c',
    imageId: 'i',
    createdAt: '',
    state: { status: 'running', isRunning: true, isPaused: false, isOomKilled: false },
    labels: {},
    mounts: mounts.map(([type, destination]) => ({ type, destination, isWritable: true })),
    config: {},
    hostConfig,
    networkSettings: {},
  };
}

it('finds the root, volumes and memory, and nothing of the host or of its own', () => {
  const mounts: [string, string][] = [
    ['volume', '/.paracle/store'],
    ['volume', '/.paracle/bin'],
    ['volume', '/data'],
    ['bind', '/host'],
    ['tmpfs', '/cache'],
  ];

  expect(findRoots(describe(mounts, { IpcMode: 'private', Tmpfs: { '/tmp': 'rw' } }))).toEqual([
    '/',
    '/cache',
    '/data',
    '/dev/shm',
    '/tmp',
  ]);
});

it('names each once', () => {
  const container = describe([['tmpfs', '/dev/shm']], { IpcMode: '', Tmpfs: { '/dev/shm': '' } });
  expect(findRoots(container)).toEqual(['/', '/dev/shm']);
});

it.each(['host', 'none', 'container:other'])('leaves memory out that is not its own: %s', (IpcMode) => {
  expect(findRoots(describe([], { IpcMode, Tmpfs: null }))).toEqual(['/']);
});
