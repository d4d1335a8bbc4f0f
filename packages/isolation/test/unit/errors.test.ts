import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { isolationErrorCodes } from '../../src/index.js';

it('documents every code of isolation, and no other', () => {
  const page = readFileSync(new URL('../../../../docs/errors.md', import.meta.url), 'utf8');
  const section = page.split(/^## /mu).find((part) => part.startsWith('@paracle/isolation')) ?? '';
  const documented = [...section.matchAll(/^\| `(PARACLE_[A-Z_]+)` \| \S.* \| \S.* \|$/gmu)].map(([, code]) => code);

  expect(documented.sort()).toEqual([...new Set(Object.values(isolationErrorCodes))].sort());
});
