/** Certificates for a TLS endpoint, as paths of PEM files. They are read when the engine is first used. */
export interface EngineTls {
  /**
   * The certificate authority that signed the engine's certificate.
   * @defaultValue the authorities that Node trusts
   */
  readonly caPath?: string;
  /** This client's certificate. */
  readonly certificatePath?: string;
  /** This client's private key, without a passphrase. */
  readonly keyPath?: string;
}

/**
 * Where a Docker Engine listens. A `tcp` endpoint with `tls` is spoken to by TLS; its certificate is always verified.
 * An `ssh` endpoint is reached with the system's `ssh` command: what is left out, its configuration decides.
 */
export type EngineEndpoint =
  | { readonly type: 'socket'; readonly path: string }
  | { readonly type: 'pipe'; readonly path: string }
  | { readonly type: 'tcp'; readonly host: string; readonly port: number; readonly tls?: EngineTls }
  | SshEndpoint;

/** An engine's socket on another machine. The account there must be allowed to forward sockets and to run `cat`. */
export interface SshEndpoint {
  readonly type: 'ssh';
  /** A host name, an address, or a name from ssh's configuration. */
  readonly host: string;
  readonly port?: number;
  readonly username?: string;
  /**
   * Where the engine's socket is on that machine.
   * @defaultValue `/var/run/docker.sock`
   */
  readonly socketPath?: string;
}

/** The endpoint as a URL, for messages. Holds no secret: user names are left out. */
export function toEndpointUrl(endpoint: EngineEndpoint): string {
  switch (endpoint.type) {
    case 'socket':
      return `unix://${endpoint.path}`;
    case 'pipe':
      return `npipe://${endpoint.path}`;
    case 'tcp':
      return `tcp://${endpoint.host}:${endpoint.port}`;
    case 'ssh':
      return `ssh://${endpoint.host}${endpoint.port === undefined ? '' : `:${endpoint.port}`}${endpoint.socketPath ?? ''}`;
  }
}
