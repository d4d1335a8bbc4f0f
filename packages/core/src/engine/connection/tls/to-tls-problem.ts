import type { EngineTlsProblem } from '../../../errors/engine-availability-errors.js';

/**
 * What Node's code says about a TLS connection that failed before anything was sent; nothing for other codes.
 * @see https://nodejs.org/docs/latest-v20.x/api/tls.html#x509-certificate-error-codes
 */
export function toTlsProblem(code: string): EngineTlsProblem | undefined {
  return problems.get(code);
}

const codes: readonly (readonly [EngineTlsProblem, readonly string[]])[] = [
  [
    'authority-unknown',
    [
      'UNABLE_TO_GET_ISSUER_CERT',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'SELF_SIGNED_CERT_IN_CHAIN',
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'CERT_SIGNATURE_FAILURE',
      'CERT_UNTRUSTED',
    ],
  ],
  ['name-mismatch', ['ERR_TLS_CERT_ALTNAME_INVALID', 'HOSTNAME_MISMATCH']],
  ['not-valid-now', ['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']],
  [
    'certificate-invalid',
    [
      'UNABLE_TO_DECRYPT_CERT_SIGNATURE',
      'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY',
      'ERROR_IN_CERT_NOT_BEFORE_FIELD',
      'ERROR_IN_CERT_NOT_AFTER_FIELD',
      'CERT_CHAIN_TOO_LONG',
      'CERT_REVOKED',
      'INVALID_CA',
      'PATH_LENGTH_EXCEEDED',
      'INVALID_PURPOSE',
      'CERT_REJECTED',
      'UNSPECIFIED',
    ],
  ],
  [
    'client-certificate-refused',
    [
      'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
      'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE',
      'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE',
      'ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE',
      'ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED',
      'ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED',
      'ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN',
      'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA',
      'ERR_SSL_TLSV1_ALERT_ACCESS_DENIED',
    ],
  ],
  [
    'no-tls',
    [
      'ERR_SSL_WRONG_VERSION_NUMBER',
      'ERR_SSL_PACKET_LENGTH_TOO_LONG',
      'ERR_SSL_UNSUPPORTED_PROTOCOL',
      'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    ],
  ],
];

const problems: ReadonlyMap<string, EngineTlsProblem> = new Map(
  codes.flatMap(([problem, own]) => own.map((code) => [code, problem] as const)),
);
