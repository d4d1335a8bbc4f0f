import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { type ConfigIssue, InvalidConfigError } from '../../../errors/invalid-config-error.js';
import { readText } from '../../../reading/read-fields.js';
import type { EngineTls } from '../../endpoint/engine-endpoint.js';
import type { TlsTrust } from '../socket-target.js';

/**
 * Reads the certificates that an endpoint names.
 * @throws InvalidConfigError `PARACLE_CORE_CONFIG_INVALID` naming every file that can't be read or holds something else.
 */
export async function readTrust(tls: EngineTls): Promise<TlsTrust> {
  const issues: ConfigIssue[] = [];
  if ((tls.certificatePath === undefined) !== (tls.keyPath === undefined)) {
    issues.push({ path: 'tls', message: 'Expected `certificatePath` and `keyPath` together, found only one of them.' });
  }
  const [ca, cert, key] = await Promise.all([
    readPem('caPath', tls.caPath, issues),
    readPem('certificatePath', tls.certificatePath, issues),
    readPem('keyPath', tls.keyPath, issues),
  ]);
  for (const [name, path, pem] of [
    ['caPath', tls.caPath, ca],
    ['certificatePath', tls.certificatePath, cert],
  ] as const) {
    if (pem !== undefined) checkCertificate(name, { path, pem, issues });
  }
  if (issues.length > 0) throw new InvalidConfigError('engine endpoint', issues);
  try {
    return { secureContext: createSecureContext({ ca, cert, key }), rejectUnauthorized: true };
  } catch (error) {
    // OpenSSL's words name what does not fit and hold nothing of the files.
    const message = `Expected ${tls.keyPath} to hold the private key of the certificate, without a passphrase: ${toReason(error)}.`;
    throw new InvalidConfigError('engine endpoint', [{ path: 'tls.keyPath', message }], { cause: error });
  }
}

async function readPem(name: string, path: string | undefined, issues: ConfigIssue[]): Promise<Buffer | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path);
  } catch (error) {
    issues.push({ path: `tls.${name}`, message: `Expected ${path} to be a readable PEM file: ${toReason(error)}.` });
    return undefined;
  }
}

/** A file that holds no certificate would pass for an authority that signed nothing. */
function checkCertificate(
  name: string,
  { path, pem, issues }: { readonly path: string | undefined; readonly pem: Buffer; readonly issues: ConfigIssue[] },
): void {
  try {
    new X509Certificate(pem);
  } catch (error) {
    issues.push({ path: `tls.${name}`, message: `Expected ${path} to hold a PEM certificate: ${toReason(error)}.` });
  }
}

function toReason(error: unknown): string {
  return readText(error, ['code']) ?? readText(error, ['message']) ?? 'unknown';
}
