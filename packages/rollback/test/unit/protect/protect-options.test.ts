import { expect, it } from '@jest/globals';
import { Engine, parseConfig } from '@paracle/core';
import { type ProtectOptions, RollbackManager } from '../../../src/index.js';
import { protectOptionsSchema } from '../../../src/protect/protect-options.js';

const parse = (input: unknown): unknown => parseConfig(protectOptionsSchema, input, 'protect options');

it('accepts every documented option, and resolves the defaults', () => {
  const everything: Required<Omit<ProtectOptions, 'signal'>> = { stepTimeoutMs: 1, keepSnapshot: true };

  expect(parse(everything)).toEqual(everything);
  expect(parse({})).toEqual({ keepSnapshot: false });
});

it.each<[string, unknown]>([
  ['stepTimeoutMs', { stepTimeoutMs: 0 }],
  ['stepTimeoutMs', { stepTimeoutMs: 1.5 }],
  ['keepSnapshot', { keepSnapshot: 'yes' }],
])('refuses a wrong `%s`', (name, options) => {
  expect(() => parse(options)).toThrow(name);
});

it('is checked by protect before anything is done', async () => {
  await using engine = new Engine({ endpoint: 'unix:///nowhere.sock' });
  const rollback = new RollbackManager({ engine });
  const misspelt = { stepTimeoutMs: 1, keepSnapshots: true };
  let isCalled = false;
  const work = async (): Promise<void> => {
    isCalled = true;
  };

  await expect(rollback.protect('sbx_1', work, misspelt)).rejects.toThrow('Did you mean `keepSnapshot`?');
  expect(isCalled).toBe(false);
});
