import { expect, it } from '@jest/globals';
import { toInsideView } from '../../../src/guarantees/inside-view.js';

const print = (files: Readonly<Record<string, string>>): string =>
  Object.entries(files)
    .map(([name, text]) => `${name}\0${text}\0`)
    .join('');

it('reads what a process sees of itself', () => {
  const probed = print({
    '/proc/self/status': 'Uid:\t7\t7\t7\t7\nGid:\t8\t8\t8\t8\nGroups:\t \nNoNewPrivs:\t1\n',
    '/proc/swaps': 'Filename Type\n/swap file\n',
    '/proc/self/mounts': 'overlay / overlay ro,x 0 0\ntmpfs /a\\040b tmpfs rw,size=64k,nr_inodes=8 0 0\n',
    '/proc/self/net/route': 'Iface Destination\neth0 00000000\n',
    '/proc/1/status': 'Seccomp:\t2\n',
  });
  expect(toInsideView(probed, { memoryLimitBytes: 5, pidsLimit: 6 })).toMatchObject({
    uid: 7,
    gid: 8,
    supplementaryGroups: '',
    hasNoNewPrivileges: true,
    hasSeccomp: true,
    hasSwap: true,
    memoryLimitBytes: 5,
    pidsLimit: 6,
    mounts: [
      { path: '/', type: 'overlay', isReadOnly: true },
      { path: '/a b', type: 'tmpfs', isReadOnly: false, sizeBytes: 65_536, inodes: 8 },
    ],
    hasRoutes: true,
  });
});

it('believes the worst where nothing can be read, or ids differ', () => {
  expect(toInsideView('', {})).toEqual({
    uid: 0,
    gid: 0,
    supplementaryGroups: '',
    hasCapabilities: true,
    hasNoNewPrivileges: false,
    hasSeccomp: false,
    hasSwap: false,
    mounts: [],
    hasRoutes: false,
  });
  const differing = print({ '/proc/self/status': 'Uid:\t7\t0\t7\t7\n' });
  expect(toInsideView(differing, {}).uid).toBeNaN();
});
