import type { SshEndpoint } from './engine-endpoint.js';
import { isSshHost, isSshSocketPath, isSshUsername } from './ssh-names.js';

/** Reads the parts of `ssh://user@host:port/path/of.sock`; nothing if they are not what ssh may be given. */
export function parseSshEndpoint(url: URL): SshEndpoint | undefined {
  if (url.password !== '' || url.search !== '' || url.hash !== '') return undefined;
  const host = url.hostname.replace(/^\[|\]$/gu, '');
  const username = decode(url.username);
  const socketPath = url.pathname === '/' ? '' : url.pathname;
  if (!isSshHost(host) || username === undefined) return undefined;
  if (username !== '' && !isSshUsername(username)) return undefined;
  if (socketPath !== '' && !isSshSocketPath(socketPath)) return undefined;
  return {
    type: 'ssh',
    host,
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    ...(username === '' ? {} : { username }),
    ...(socketPath === '' ? {} : { socketPath }),
  };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
