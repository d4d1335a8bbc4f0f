import { Agent } from 'node:http';
import { inspect } from 'node:util';
import { expect, it } from '@jest/globals';
import { createDial } from '../../../../src/engine/connection/dial.js';

it('has nothing printed of its agent, whose sockets lead to whatever the caller keeps', async () => {
  const agent = new Agent();
  await createDial({ path: '/nowhere/docker.sock' }, agent);
  expect(inspect({ agent }, { showHidden: true, depth: null })).toBe('{ agent: Agent }');
});

it('takes an agent again, as a link does that reconnects', async () => {
  const agent = new Agent();
  await createDial({ path: '/nowhere/docker.sock' }, agent);
  await expect(createDial({ path: '/nowhere/docker.sock' }, agent)).resolves.toBeInstanceOf(Function);
});
