import type { EngineSshProblem } from '../../../errors/engine-availability-errors.js';

/** What ssh writes where the other side opens no channel: no such socket, no right to it, forwarding not allowed. */
export const CHANNEL_REFUSED: RegExp = /^channel \d+: open failed: /mu;

const signs: readonly (readonly [RegExp, EngineSshProblem])[] = [
  [CHANNEL_REFUSED, 'socket-unreachable'],
  [/^Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED|^No .* host key is known/mu, 'host-key'],
  [/Permission denied \(|Too many authentication failures|No supported authentication methods/u, 'login-refused'],
  [
    /Could not resolve hostname|Connection (?:refused|timed out|reset)|No route to host|Network is unreachable|kex_exchange_identification|Connection closed by/u,
    'host-unreachable',
  ],
];

/** What ssh's words say about why there is no connection. */
export function toSshProblem(words: string): EngineSshProblem {
  return signs.find(([sign]) => sign.test(words))?.[1] ?? 'other';
}
