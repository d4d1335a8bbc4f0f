import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { readText } from '../../reading/read-fields.js';
import type { EngineTls } from './engine-endpoint.js';

/**
 * Names the certificates in a folder as the docker command does: `ca.pem`, `cert.pem`, `key.pem`.
 * What is not there is left out; of certificate and key, both are named where there is one.
 */
export async function findCertificates(directory: string): Promise<EngineTls> {
  const paths = ['ca.pem', 'cert.pem', 'key.pem'].map((name) => join(directory, name));
  const [caPath = '', certificatePath = '', keyPath = ''] = paths;
  const [hasCa, hasCertificate, hasKey] = await Promise.all(paths.map(isPresent));
  return {
    ...(hasCa === true ? { caPath } : {}),
    ...(hasCertificate === true || hasKey === true ? { certificatePath, keyPath } : {}),
  };
}

/** What can't be looked at is taken for present, so that reading it says why. */
async function isPresent(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    (error: unknown) => readText(error, ['code']) !== 'ENOENT',
  );
}
