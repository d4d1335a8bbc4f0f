/** Certificates for a TLS endpoint, as paths of PEM files. */
export interface EngineTls {
  /** The certificate authority that signed the engine's certificate. */
  readonly caPath?: string;
  /** This client's certificate. */
  readonly certificatePath?: string;
  /** This client's private key. */
  readonly keyPath?: string;
}

/** Where a Docker Engine listens. TLS and SSH are recognised and refused with a coded error for now. */
export type EngineEndpoint =
  | { readonly type: 'socket'; readonly path: string }
  | { readonly type: 'pipe'; readonly path: string }
  | { readonly type: 'tcp'; readonly host: string; readonly port: number; readonly tls?: EngineTls }
  | { readonly type: 'ssh'; readonly host: string; readonly port: number; readonly username?: string };

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
      return `ssh://${endpoint.host}:${endpoint.port}`;
  }
}
