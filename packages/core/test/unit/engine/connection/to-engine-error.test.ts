import { expect, it } from '@jest/globals';
import { toConnectionError } from '../../../../src/engine/connection/to-engine-error.js';

const request = { method: 'GET', path: '/version', subject: { kind: 'engine', id: 'engine' } } as const;
const endpoint = { type: 'tcp', host: 'host', port: 2376, tls: {} } as const;

it.each([
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'authority-unknown'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'name-mismatch'],
  ['CERT_HAS_EXPIRED', 'not-valid-now'],
  ['INVALID_PURPOSE', 'certificate-invalid'],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'client-certificate-refused'],
  ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', 'client-certificate-refused'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'no-tls'],
])('tells the TLS problem behind %s', (code, problem) => {
  const error = Object.assign(new Error('the words'), { code });

  expect(toConnectionError(request, endpoint, error)).toMatchObject({
    name: 'EngineTlsError',
    code: 'PARACLE_ENGINE_NOT_AVAILABLE',
    details: { problem, endpoint: 'tcp://host:2376', attempts: [{ reason: 'the words' }] },
    cause: error,
  });
});

it('takes what may break a connection in use for a lost one', () => {
  const error = Object.assign(new Error('x'), { code: 'ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC' });

  expect(toConnectionError(request, endpoint, error)).toMatchObject({ code: 'PARACLE_ENGINE_CONNECTION_LOST' });
});
