import { z } from 'zod';

/** A port as a policy names it: a number is TCP, `'443/udp'` says otherwise. */
export type PortOption = number | string;

/** A port and its protocol: `'443/tcp'`. */
export type PortName = `${number}/${PortProtocol}`;

/** The protocols that a policy can allow. */
export type PortProtocol = 'tcp' | 'udp';

/** A port of one protocol. */
export interface Port {
  readonly port: number;
  readonly protocol: PortProtocol;
}

const EXPECTED = "a port from 1 to 65535 such as 443 (TCP), '443/tcp' or '443/udp'";

/** Checks a port, and names its protocol. */
export const portSchema: z.ZodType<PortName> = z
  .custom<PortOption>((value) => parsePort(value) !== undefined, EXPECTED)
  .transform((value) => formatPort(toPort(value)));

/** A port in the form that a resolved policy has. */
export function formatPort({ port, protocol }: Port): PortName {
  return `${port}/${protocol}`;
}

/** Reads what was checked before. */
export function toPort(option: PortOption): Port {
  const port = parsePort(option);
  if (port === undefined) throw new TypeError(`Expected ${EXPECTED}, got ${JSON.stringify(option)}`);
  return port;
}

function parsePort(value: unknown): Port | undefined {
  const [, digits, protocol] =
    /^([1-9]\d{0,4})\/(tcp|udp)$/u.exec(typeof value === 'number' ? `${value}/tcp` : String(value)) ?? [];
  const port = Number(digits);
  return port <= 65_535 ? { port, protocol: protocol === 'udp' ? 'udp' : 'tcp' } : undefined;
}
