import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Engine } from '@paracle/core';
import { readTrust } from '../../../../../src/engine/connection/tls/read-trust.js';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'paracle-trust-'));
});

afterEach(async () => rm(directory, { recursive: true }));

const secret = ['BEGIN', 'END'].map((edge) => `-----${edge} PRIVATE KEY-----`).join('\nhunter2\n');

it('verifies, also where no file is named', async () => {
  expect(await readTrust({})).toMatchObject({ rejectUnauthorized: true });
});

it('names every file that is missing or holds no certificate, and repeats nothing of it', async () => {
  const certificatePath = join(directory, 'cert.pem');
  await writeFile(certificatePath, secret);
  const tls = { caPath: join(directory, 'ca.pem'), certificatePath, keyPath: join(directory, 'key.pem') };
  await using engine = new Engine({ endpoint: { type: 'tcp', host: 'localhost', port: 1, tls } });
  const failure: unknown = await engine.system.ping().catch((error: unknown) => error);

  expect(failure).toMatchObject({
    code: 'PARACLE_CORE_CONFIG_INVALID',
    issues: [
      { path: 'tls.caPath', message: expect.stringContaining('ENOENT') },
      { path: 'tls.keyPath', message: expect.stringContaining('ENOENT') },
      { path: 'tls.certificatePath' },
    ],
  });
  expect(JSON.stringify(failure)).not.toContain('hunter2');
});

it('wants certificate and key together', async () => {
  const keyPath = join(directory, 'key.pem');
  await writeFile(keyPath, secret);

  await expect(readTrust({ keyPath })).rejects.toMatchObject({ issues: [{ path: 'tls' }] });
});
