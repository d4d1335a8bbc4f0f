import { connect, isIP, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext } from 'node:tls';

/** Where sockets to an engine are opened. */
export type SocketTarget = { readonly path: string } | TcpTarget;

/** A host and port; with `tls`, spoken to by TLS. */
export interface TcpTarget {
  readonly host: string;
  readonly port: number;
  readonly tls?: TlsTrust;
}

/** What TLS needs: the certificates, read and parsed. */
export interface TlsTrust {
  readonly secureContext: SecureContext;
  /** Never off, also where the environment asks for it (NODE_TLS_REJECT_UNAUTHORIZED). */
  readonly rejectUnauthorized: true;
}

/** Opens a socket. With `onread`, what comes is read into one buffer. */
export function openSocket(target: SocketTarget, options: { readonly onread?: OnReadOpts } = {}): Socket {
  if ('path' in target) return connect({ path: target.path, ...options });
  const { host, port, tls } = target;
  if (tls === undefined) return connect({ host, port, ...options });
  // The name that the engine is asked to show a certificate for; an address is none, and is verified all the same.
  const servername = isIP(host) === 0 ? { servername: host } : {};
  return connectTls({ host, port, ...tls, ...servername, ...options });
}
