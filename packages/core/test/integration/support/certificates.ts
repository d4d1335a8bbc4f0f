import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** An authority, and what it signed; all are paths of PEM files. */
export interface Certificates {
  readonly ca: string;
  readonly server: SignedCertificate;
  /** Signed by the same authority, for another host. */
  readonly serverElsewhere: SignedCertificate;
  readonly client: SignedCertificate;
  /** An authority of the same name that signed nothing. */
  readonly otherCa: string;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A certificate and its key. */
export interface SignedCertificate {
  readonly certificate: string;
  readonly key: string;
}

/** Makes certificates that are good for a day, in a directory of their own. */
export async function createCertificates(): Promise<Certificates> {
  const directory = await mkdtemp(join(tmpdir(), 'paracle-tls-test-'));
  const openssl = async (...words: readonly string[]): Promise<unknown> => run('openssl', words, { cwd: directory });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout'] as const;

  async function createAuthority(name: string): Promise<string> {
    await openssl('req', '-x509', ...key, `${name}.key`, '-out', `${name}.pem`, '-subj', '/CN=Test authority');
    return join(directory, `${name}.pem`);
  }

  async function sign(name: string, extension: string): Promise<SignedCertificate> {
    await writeFile(join(directory, `${name}.ext`), extension);
    await openssl('req', ...key, `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    await openssl(
      ...['x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'],
      ...['-days', '1', '-extfile', `${name}.ext`, '-out', `${name}.pem`],
    );
    return { certificate: join(directory, `${name}.pem`), key: join(directory, `${name}.key`) };
  }

  return {
    ca: await createAuthority('ca'),
    otherCa: await createAuthority('other-ca'),
    server: await sign('server', 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth'),
    serverElsewhere: await sign('elsewhere', 'subjectAltName=DNS:elsewhere.example\nextendedKeyUsage=serverAuth'),
    client: await sign('client', 'extendedKeyUsage=clientAuth'),
    [Symbol.asyncDispose]: async () => rm(directory, { recursive: true }),
  };
}
