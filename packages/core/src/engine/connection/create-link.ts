import { EngineEndpointUnsupportedError } from '../../errors/engine-availability-errors.js';
import type { DiscoveryEnvironment } from '../endpoint/endpoint-strategy.js';
import type { EngineEndpoint } from '../endpoint/engine-endpoint.js';
import { toEndpointUrl } from '../endpoint/engine-endpoint.js';
import { DirectLink } from './direct-link.js';
import type { EngineLink } from './engine-link.js';
import { SshLink } from './ssh/ssh-link.js';
import { readTrust } from './tls/read-trust.js';

/** What {@link createLink} takes. */
export interface LinkOptions {
  readonly environment: DiscoveryEnvironment;
  /** How long a way to an engine may take to stand. */
  readonly requestTimeoutMs: number;
}

/**
 * Makes the link for an endpoint; nothing is connected yet.
 * @throws InvalidConfigError, EngineEndpointUnsupportedError
 */
export async function createLink(endpoint: EngineEndpoint, options: LinkOptions): Promise<EngineLink> {
  switch (endpoint.type) {
    case 'socket':
    case 'pipe':
      return new DirectLink({ path: endpoint.path });
    case 'tcp': {
      const { host, port, tls } = endpoint;
      return new DirectLink({ host, port, ...(tls === undefined ? {} : { tls: await readTrust(tls) }) });
    }
    case 'ssh': {
      // OpenSSH for Windows can't forward a Unix socket, and a port would be open to every local user.
      if (options.environment.platform === 'win32') {
        throw new EngineEndpointUnsupportedError(toEndpointUrl(endpoint), 'SSH');
      }
      const { environment, requestTimeoutMs } = options;
      return new SshLink(endpoint, { variables: environment.variables, timeoutMs: requestTimeoutMs });
    }
  }
}
