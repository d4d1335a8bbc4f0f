import { expect, it } from '@jest/globals';
import { toEnvironment, toThreadHints } from '../../../src/lifecycle/to-environment.js';

it('takes the variables of the image, values with "=" included', () => {
  expect(toEnvironment(['PATH=/bin', 'OPTIONS=a=b', 'EMPTY=', 'BARE'], {})).toEqual({
    PATH: '/bin',
    OPTIONS: 'a=b',
    EMPTY: '',
    BARE: '',
  });
});

it('lets what is added win', () => {
  expect(toEnvironment(['HOME=/root', 'A=1'], { HOME: '/home/sandbox' })).toMatchObject({
    HOME: '/home/sandbox',
    A: '1',
  });
});

it('has a path to look programs up on where the image names none', () => {
  expect(toEnvironment([], {})).toEqual({ PATH: expect.stringContaining('/usr/bin') });
});

it('takes a variable of any name for no more than that', () => {
  const environment = toEnvironment(['__proto__=x', 'constructor=y'], {});
  expect(Object.entries(environment)).toEqual(
    expect.arrayContaining([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]),
  );
});

it.each([
  [0.25, '1'],
  [1, '1'],
  [2.5, '3'],
])('tells libraries that %d cores are %s threads', (cores, count) => {
  expect(toThreadHints(cores)).toMatchObject({ OMP_NUM_THREADS: count, GOMAXPROCS: count });
});
