import { z } from 'zod';
import type { EngineEndpoint } from './endpoint/engine-endpoint.js';
import { isSshHost, isSshSocketPath, isSshUsername } from './endpoint/ssh-names.js';

/** What {@link Engine} takes. */
export interface EngineOptions {
  /**
   * Where the engine listens: `unix:///path`, `npipe:////./pipe/name`, `tcp://host:port`,
   * `ssh://user@host:port/path/of.sock`, or the same as an object. Certificates for TLS are named in the object only.
   * @defaultValue found when first used: DOCKER_HOST, the docker context, the usual sockets
   */
  readonly endpoint?: EngineEndpoint | string | undefined;
  /**
   * Milliseconds until a call without an answer is given up.
   * @defaultValue 60000
   */
  readonly requestTimeoutMs?: number | undefined;
}

/** {@link EngineOptions} after defaults. */
export interface ResolvedEngineOptions {
  readonly endpoint?: EngineEndpoint | string | undefined;
  readonly requestTimeoutMs: number;
}

const port = z.int().min(1).max(65535);
const path = z.string().min(1);
const host = z.string().min(1);

const endpointSchema: z.ZodType<EngineEndpoint, EngineEndpoint> = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('socket'), path }),
  z.strictObject({ type: z.literal('pipe'), path }),
  z.strictObject({
    type: z.literal('tcp'),
    host,
    port,
    tls: z
      .strictObject({
        caPath: path.exactOptional(),
        certificatePath: path.exactOptional(),
        keyPath: path.exactOptional(),
      })
      .exactOptional(),
  }),
  z.strictObject({
    type: z.literal('ssh'),
    host: z.string().refine(isSshHost, 'Expected a host name or an address'),
    port: port.exactOptional(),
    username: z.string().refine(isSshUsername, 'Expected a plain user name').exactOptional(),
    socketPath: z.string().refine(isSshSocketPath, 'Expected an absolute path of plain characters').exactOptional(),
  }),
]);

/** The schema of {@link EngineOptions}. */
export const engineOptionsSchema: z.ZodType<ResolvedEngineOptions, EngineOptions> = z.strictObject({
  endpoint: z.union([z.string().min(1), endpointSchema]).optional(),
  requestTimeoutMs: z.int().min(1).max(2_147_483_647).default(60_000),
});
