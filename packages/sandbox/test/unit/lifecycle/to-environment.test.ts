import { expect, it } from '@jest/globals';
import { toEnvironment } from '../../../src/lifecycle/to-environment.js';

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
