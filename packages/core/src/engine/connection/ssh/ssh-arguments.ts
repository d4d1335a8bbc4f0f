import type { SshEndpoint } from '../../endpoint/engine-endpoint.js';

const DEFAULT_SOCKET_PATH = '/var/run/docker.sock';

/**
 * What runs on the other machine: it waits for the end of its input. For forwarding alone (`-N`) it would not be needed,
 * but sshd sends small packets at once only where a session runs; without one each answer waits 40 ms for another.
 */
const REMOTE_COMMAND = 'cat';

/** How the forwarded socket is called, in the directory that ssh runs in. */
export const SOCKET_NAME = 'docker.sock';

/**
 * What ssh is told. One connection of its own, that asks nothing and forwards one socket; a peer that
 * is silent for 45 seconds is given up. What keys, which port and whose host keys to trust is the user's configuration.
 * @see https://man.openbsd.org/ssh_config
 */
export function toSshArguments(endpoint: SshEndpoint): readonly string[] {
  const options = [
    'BatchMode=yes',
    'ExitOnForwardFailure=yes',
    'StreamLocalBindUnlink=yes',
    'StreamLocalBindMask=0177',
    'ServerAliveInterval=15',
    'ServerAliveCountMax=3',
    'ControlMaster=no',
    'ControlPath=none',
    'RemoteCommand=none',
    'PermitLocalCommand=no',
    // What a refused channel is told by.
    'LogLevel=INFO',
  ];
  return [
    ...['-T', '-a', '-x'],
    ...options.flatMap((option) => ['-o', option]),
    // The socket is named without its directory, whose name may hold what ssh would expand.
    ...['-L', `./${SOCKET_NAME}:${endpoint.socketPath ?? DEFAULT_SOCKET_PATH}`],
    ...(endpoint.port === undefined ? [] : ['-p', String(endpoint.port)]),
    ...(endpoint.username === undefined ? [] : ['-l', endpoint.username]),
    ...['--', endpoint.host, REMOTE_COMMAND],
  ];
}
