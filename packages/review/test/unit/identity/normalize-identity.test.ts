import { expect, it } from '@jest/globals';
import { normalizeIdentity } from '../../../src/identity/normalize-identity.js';

it.each([
  ['Alice@Example.com'],
  [' alice@example.com '],
  ['\u00a0alice@example.com\u3000'],
  ['ＡＬＩＣＥ@example.com'],
  ['ali\u200bce@example.com'],
  ['alice@example.com\u0000'],
  ['aliCe@EXAMPLE.COM\t'],
])('takes %j for alice', (name) => {
  expect(normalizeIdentity(name)).toBe('alice@example.com');
});

it('folds case beyond ASCII and keeps people apart', () => {
  expect(normalizeIdentity('STRASSE')).toBe(normalizeIdentity('straße'));
  expect(normalizeIdentity('ΣΊΣΥΦΟΣ')).toBe(normalizeIdentity('σίσυφος'));
  expect(normalizeIdentity('bob')).not.toBe(normalizeIdentity('rob'));
});

it('is stable when applied twice', () => {
  for (const name of ['İstanbul', 'ﬁ', 'ſ', 'Å', '  a  b ', 'ΑΣ ']) {
    expect(normalizeIdentity(normalizeIdentity(name))).toBe(normalizeIdentity(name));
  }
});
