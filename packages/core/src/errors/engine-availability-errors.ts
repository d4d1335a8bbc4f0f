import { coreErrorCodes } from './core-error-codes.js';
import { ParacleError } from './paracle-error.js';

/** One place where an engine was looked for, and why it was not used. */
export interface EndpointAttempt {
  /** The way of looking: `DOCKER_HOST`, `docker context`, … */
  readonly strategy: string;
  /** The endpoint that was tried, where there was one. */
  readonly endpoint?: string;
  /** Why it was skipped or did not work. */
  readonly reason: string;
}

/** What {@link DockerNotAvailableError} and its kinds take. */
interface NotAvailableOptions {
  readonly cause?: unknown;
  readonly message?: string;
  readonly suggestion?: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** No Docker Engine answers; the call did not reach one. `details.attempts` says where it was looked for. */
export class DockerNotAvailableError extends ParacleError {
  override readonly name: string = 'DockerNotAvailableError';

  constructor(attempts: readonly EndpointAttempt[], options: NotAvailableOptions = {}) {
    const tried = attempts.map(({ strategy, endpoint, reason }) =>
      endpoint === undefined ? `${strategy}: ${reason}` : `${strategy} (${endpoint}): ${reason}`,
    );
    const lines = ['No Docker Engine answers. Tried:', ...tried.map((line) => `- ${line}`)];
    super(coreErrorCodes.engineNotAvailable, options.message ?? lines, {
      details: { attempts, ...options.details },
      suggestion:
        options.suggestion ?? 'Start Docker, or name a reachable engine with the `endpoint` option or DOCKER_HOST.',
      cause: options.cause,
    });
  }
}

/** Why TLS with an engine failed. */
export type EngineTlsProblem =
  /** No trusted authority signed the engine's certificate. */
  | 'authority-unknown'
  /** The engine's certificate is for another host. */
  | 'name-mismatch'
  /** The engine's certificate has expired, or is not valid yet. */
  | 'not-valid-now'
  /** The engine's certificate is wrong in another way. */
  | 'certificate-invalid'
  /** The engine wants a client certificate, or another one than it was shown. */
  | 'client-certificate-refused'
  /** What listens there does not speak TLS, or no version that both know. */
  | 'no-tls';

const tlsSuggestions: Readonly<Record<EngineTlsProblem, string>> = {
  'authority-unknown':
    'Name the authority that signed the engine’s certificate: `tls.caPath`, or ca.pem in DOCKER_CERT_PATH.',
  'name-mismatch': 'Use a host name or address that the engine’s certificate holds, or have one made that holds this.',
  'not-valid-now': 'Renew the engine’s certificate, and check the clocks of both machines.',
  'certificate-invalid': 'Give the engine a certificate that is meant for servers.',
  'client-certificate-refused':
    'Name a client certificate that the engine’s authority signed: `tls.certificatePath` and `tls.keyPath`, or cert.pem and key.pem in DOCKER_CERT_PATH.',
  'no-tls': 'Check the port: an engine speaks TLS on 2376 by custom, and on 2375 it does not.',
};

/** TLS with the engine failed before anything was asked of it. `details.problem` is an {@link EngineTlsProblem}. */
export class EngineTlsError extends DockerNotAvailableError {
  override readonly name: string = 'EngineTlsError';

  constructor(
    endpoint: string,
    problem: EngineTlsProblem,
    options: { readonly reason: string; readonly cause?: unknown },
  ) {
    const { reason, cause } = options;
    super([{ strategy: 'TLS', endpoint, reason }], {
      message: `TLS with the Docker Engine at ${endpoint} failed: ${reason}.`,
      suggestion: tlsSuggestions[problem],
      details: { endpoint, problem },
      cause,
    });
  }
}

/** Why an engine could not be reached by SSH. */
export type EngineSshProblem =
  /** There is no `ssh` command. */
  | 'ssh-missing'
  /** The other machine's key is not known, or is another one than before. */
  | 'host-key'
  /** The other machine refused the login. */
  | 'login-refused'
  /** The other machine can't be reached. */
  | 'host-unreachable'
  /** The other machine has no such socket, or does not let this user reach it. */
  | 'socket-unreachable'
  /** Something else; ssh's words tell. */
  | 'other';

const sshSuggestions: Readonly<Record<EngineSshProblem, string>> = {
  'ssh-missing': 'Install the OpenSSH client, and have `ssh` on PATH.',
  'host-key': 'Compare the host’s key with one you trust, then accept it: log in once with `ssh` by hand.',
  'login-refused':
    'Log in once with `ssh -o BatchMode=yes` by hand: there must be a key or an agent that needs no question answered.',
  'host-unreachable': 'Check the host’s name and port, and that an SSH server runs there.',
  'socket-unreachable':
    'Check on that machine that Docker runs, that this user may use its socket, and that sshd allows forwarding (AllowStreamLocalForwarding).',
  other: 'Try the same host with `ssh` by hand.',
};

/**
 * The engine can't be reached by SSH; the call did not reach it and may be made again.
 * `details.problem` is an {@link EngineSshProblem}, `details.words` what ssh said.
 */
export class EngineSshError extends DockerNotAvailableError {
  override readonly name: string = 'EngineSshError';

  constructor(
    endpoint: string,
    problem: EngineSshProblem,
    options: { readonly words: string; readonly cause?: unknown },
  ) {
    const { words, cause } = options;
    const reason = words === '' ? 'ssh ended without a word' : words;
    super([{ strategy: 'SSH', endpoint, reason }], {
      message: `The Docker Engine at ${endpoint} can't be reached by SSH: ${reason}`,
      suggestion: sshSuggestions[problem],
      details: { endpoint, problem, words },
      cause,
    });
  }
}

/** The engine's socket exists but this user may not use it. */
export class EnginePermissionError extends ParacleError {
  override readonly name: string = 'EnginePermissionError';

  constructor(endpoint: string, options: { readonly cause?: unknown } = {}) {
    super(coreErrorCodes.enginePermission, `This user may not use the Docker Engine at ${endpoint}.`, {
      details: { endpoint },
      suggestion:
        'Add the user to the group that owns the socket (usually `docker`) and log in again, or use rootless Docker.',
      cause: options.cause,
    });
  }
}

/** The endpoint is of a kind that can't be used on this system. */
export class EngineEndpointUnsupportedError extends ParacleError {
  override readonly name: string = 'EngineEndpointUnsupportedError';

  constructor(endpoint: string, kind: string) {
    super(
      coreErrorCodes.engineEndpointUnsupported,
      `Connecting by ${kind} is not supported on this system (asked for ${endpoint}).`,
      {
        details: { endpoint, kind },
        suggestion: 'Use tcp://… with TLS, or run on Linux, macOS or in WSL.',
      },
    );
  }
}

/** The engine is too old: its API lacks what Paracle relies on. */
export class EngineApiVersionError extends ParacleError {
  override readonly name: string = 'EngineApiVersionError';

  constructor(apiVersion: string, oldestApiVersion: string) {
    super(
      coreErrorCodes.engineApiVersion,
      `Expected an engine with API ${oldestApiVersion} or later, found API ${apiVersion}.`,
      {
        details: { apiVersion, oldestApiVersion },
        suggestion: 'Upgrade the engine to Docker 20.10 or later.',
      },
    );
  }
}

/** The engine was used after `close()`. */
export class EngineClosedError extends ParacleError {
  override readonly name: string = 'EngineClosedError';

  constructor() {
    super(coreErrorCodes.engineClosed, 'This engine was closed.', { suggestion: 'Make a new Engine.' });
  }
}
