import { expect, it } from '@jest/globals';
import { Engine, InvalidConfigError, parseConfig } from '@paracle/core';
import { type ResolvedRollbackConfig, rollbackConfigSchema } from '../../../src/config/rollback-config.js';
import { type RollbackConfig, RollbackManager, type RollbackPolicy } from '../../../src/index.js';

const parse = (input: unknown): ResolvedRollbackConfig => parseConfig(rollbackConfigSchema, input, 'rollback config');

it('accepts every documented option', () => {
  const everything: Required<RollbackConfig> & { readonly policy: Required<RollbackPolicy> } = {
    policy: {
      enabled: false,
      triggers: ['on_error', 'on_timeout', 'on_limit', 'on_nonzero_exit', 'manual'],
      maxSnapshots: 7,
      maxAgeHours: 0.5,
      backupBeforeRollback: false,
    },
    maxSnapshotMb: 1,
  };

  expect(parse(everything)).toEqual(everything);
});

it('resolves the documented defaults and freezes them', () => {
  const config = parse({});

  expect(config).toEqual({
    policy: {
      enabled: true,
      triggers: ['on_error', 'on_timeout'],
      maxSnapshots: 3,
      maxAgeHours: 24,
      backupBeforeRollback: true,
    },
    maxSnapshotMb: 4096,
  });
  expect(parse({ policy: {} })).toEqual(config);
  expect(Object.isFrozen(config.policy.triggers)).toBe(true);
});

it.each<[string, unknown]>([
  ['maxSnapshotMb', { maxSnapshotMB: 1 }],
  ['policy.maxSnapshots', { policy: { maxSnapshot: 1 } }],
  ['policy.backupBeforeRollback', { policy: { backupBeforRollback: false } }],
])('refuses a misspelt `%s` and names it', (name, config) => {
  expect(() => parse(config)).toThrow(`Did you mean \`${name}\`?`);
});

it.each<[string, unknown]>([
  ['policy.triggers[0]', { policy: { triggers: ['on_eror'] } }],
  ['policy.maxSnapshots', { policy: { maxSnapshots: 0 } }],
  ['policy.maxAgeHours', { policy: { maxAgeHours: 0 } }],
  ['maxSnapshotMb', { maxSnapshotMb: 0.5 }],
])('refuses a wrong `%s`', (name, config) => {
  expect(() => parse(config)).toThrow(name);
});

it('is checked by the manager, which connects to nothing', async () => {
  await using engine = new Engine({ endpoint: 'unix:///nowhere.sock' });
  const config: unknown = JSON.parse('{"policy":{"enabledd":true}}');

  expect(() => void Reflect.construct(RollbackManager, [{ engine, config }])).toThrow(InvalidConfigError);
  expect(new RollbackManager({ engine })).toBeInstanceOf(RollbackManager);
});
