import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { rollbackErrorCodes } from '../../src/errors/rollback-error-codes.js';

it('documents every code of rollback, and no other', () => {
  const page = readFileSync(new URL('../../../../docs/errors.md', import.meta.url), 'utf8');
  const section = page.split(/^## /mu).find((part) => part.startsWith('@paracle/rollback')) ?? '';
  const documented = [...section.matchAll(/^\| `(PARACLE_[A-Z_]+)` \| \S.* \| \S.* \|$/gmu)].map(([, code]) => code);

  expect(documented.sort()).toEqual([...new Set(Object.values(rollbackErrorCodes))].sort());
});
