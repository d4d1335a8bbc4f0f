import { expect, it } from '@jest/globals';
import { toSshProblem } from '../../../../../src/engine/connection/ssh/to-ssh-problem.js';

it.each([
  [
    'No ED25519 host key is known for box and you have requested strict checking.\nHost key verification failed.',
    'host-key',
  ],
  ['@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @', 'host-key'],
  ['me@box: Permission denied (publickey,password).', 'login-refused'],
  ['Received disconnect from ::1 port 22:2: Too many authentication failures', 'login-refused'],
  ['ssh: Could not resolve hostname box: Name or service not known', 'host-unreachable'],
  ['ssh: connect to host box port 22: Connection refused', 'host-unreachable'],
  ['kex_exchange_identification: Connection closed by remote host', 'host-unreachable'],
  ['Welcome\nchannel 1: open failed: connect failed: open failed', 'socket-unreachable'],
  ['channel 2: open failed: administratively prohibited: open failed', 'socket-unreachable'],
  ['unix_listener: cannot bind to path ./docker.sock: Permission denied', 'other'],
  ['', 'other'],
])('takes %j for %s', (words, problem) => {
  expect(toSshProblem(words)).toBe(problem);
});
