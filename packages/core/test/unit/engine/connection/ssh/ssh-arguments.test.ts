import { expect, it } from '@jest/globals';
import { toSshArguments } from '../../../../../src/engine/connection/ssh/ssh-arguments.js';

it('leaves port and user to ssh’s configuration unless they are named', () => {
  expect(toSshArguments({ type: 'ssh', host: 'box' }).slice(-5)).toEqual([
    '-L',
    './docker.sock:/var/run/docker.sock',
    '--',
    'box',
    'cat',
  ]);
});

it('names what the endpoint names, the host never as an option', () => {
  const endpoint = { type: 'ssh', host: 'box', port: 99, username: 'me', socketPath: '/run/d.sock' } as const;

  expect(toSshArguments(endpoint).slice(-9)).toEqual([
    ...['-L', './docker.sock:/run/d.sock'],
    ...['-p', '99', '-l', 'me', '--', 'box', 'cat'],
  ]);
});

it('asks nothing and leaves the checking of host keys to the user', () => {
  const options = toSshArguments({ type: 'ssh', host: 'box' });

  expect(options).toContain('BatchMode=yes');
  expect(options.join(' ')).not.toMatch(/StrictHostKeyChecking|KnownHosts/u);
});
