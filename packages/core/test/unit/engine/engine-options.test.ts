import { expect, it } from '@jest/globals';
import { Engine, type EngineEndpoint } from '@paracle/core';

it.each<EngineEndpoint>([
  { type: 'ssh', host: 'host' },
  { type: 'ssh', host: 'fe80::1%eth0', port: 22, username: 'me.you-1', socketPath: '/run/user/1000/docker.sock' },
  { type: 'tcp', host: 'host', port: 2376, tls: { caPath: 'a', certificatePath: 'b', keyPath: 'c' } },
])('takes %j', (endpoint) => {
  expect(new Engine({ endpoint }).config.endpoint).toEqual(endpoint);
});

it.each<EngineEndpoint>([
  { type: 'ssh', host: '-oProxyCommand=touch' },
  { type: 'ssh', host: 'host name' },
  { type: 'ssh', host: 'host\n' },
  { type: 'ssh', host: '' },
  { type: 'ssh', host: 'host', username: '-l' },
  { type: 'ssh', host: 'host', username: '' },
  { type: 'ssh', host: 'host', username: 'me;id' },
  { type: 'ssh', host: 'host', username: 'me\\' },
  { type: 'ssh', host: 'host', socketPath: 'docker.sock' },
  { type: 'ssh', host: 'host', socketPath: '/a:/b' },
  { type: 'ssh', host: 'host', socketPath: '/a%h' },
])('refuses %j', (endpoint) => {
  expect(() => new Engine({ endpoint })).toThrow(expect.objectContaining({ code: 'PARACLE_CORE_CONFIG_INVALID' }));
});
