import { readFile } from 'node:fs/promises';
import { expect, it } from '@jest/globals';
import { stackErrorCodes } from '../../../src/stack-error-codes.js';

it('documents every code of the stack in docs/errors.md, and no other', async () => {
  const text = await readFile(new URL('../../../../../docs/errors.md', import.meta.url), 'utf8');
  const documented = [...text.matchAll(/^\| `(PARACLE_STACK_[A-Z_]+)` \|/gmu)].map((match) => match[1]);
  expect(documented.sort()).toEqual(Object.values(stackErrorCodes).sort());
});
