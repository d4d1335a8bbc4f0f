import { describe, expect, it } from '@jest/globals';
import { ParacleError } from '@paracle/core';
import { sandboxErrorCodes } from '@paracle/sandbox';
import type { ResolvedRollbackConfig, RollbackTrigger } from '../../../src/config/rollback-config.js';
import { findTrigger } from '../../../src/protect/find-trigger.js';
import { failedResult, goodResult } from '../support/results.js';

const ALL: readonly RollbackTrigger[] = ['on_error', 'on_timeout', 'on_limit', 'on_nonzero_exit', 'manual'];

const policyOf = (triggers: readonly RollbackTrigger[], enabled = true): ResolvedRollbackConfig['policy'] => ({
  enabled,
  triggers,
  maxSnapshots: 3,
  maxAgeHours: 24,
  backupBeforeRollback: true,
});

/** Which triggers, each alone in its policy, would roll back. */
const afterThrow = (error: unknown): RollbackTrigger[] =>
  ALL.filter((trigger) => findTrigger(policyOf([trigger]), { type: 'thrown', error }) !== undefined);
const afterReturn = (value: unknown): RollbackTrigger[] =>
  ALL.filter((trigger) => findTrigger(policyOf([trigger]), { type: 'returned', value }) !== undefined);

const timeout = new ParacleError(sandboxErrorCodes.timeout, 'too long');
const limit = new ParacleError(sandboxErrorCodes.limitExceeded, 'too much');
const nonZero = new ParacleError(sandboxErrorCodes.exitNonZero, 'exit code 1');

describe('what was thrown', () => {
  it.each<[string, unknown, RollbackTrigger[]]>([
    ['an error', new Error('no'), ['on_error']],
    ['an error of Paracle', new ParacleError(sandboxErrorCodes.lost, 'gone'), ['on_error']],
    ['an abort', new ParacleError(sandboxErrorCodes.aborted, 'enough'), ['on_error']],
    ['a text', 'no', ['on_error']],
    ['undefined', undefined, ['on_error']],
    ['null', null, ['on_error']],
    ['a time-out', timeout, ['on_timeout']],
    ['a limit', limit, ['on_limit']],
    ['a non-zero exit', nonZero, ['on_error', 'on_nonzero_exit']],
    ['an error with the code alone', Object.assign(new Error('no'), { code: sandboxErrorCodes.timeout }), ['on_error']],
  ])('is named: %s', (_what, error, triggers) => {
    expect(afterThrow(error)).toEqual(triggers);
  });

  it.each<[string, unknown, RollbackTrigger[]]>([
    ['a time-out', new Error('no', { cause: timeout }), ['on_error', 'on_timeout']],
    ['a limit further down', new Error('a', { cause: new Error('b', { cause: limit }) }), ['on_error', 'on_limit']],
    ['a non-zero exit', new Error('no', { cause: nonZero }), ['on_error', 'on_nonzero_exit']],
    ['a text', new Error('no', { cause: 'text' }), ['on_error']],
  ])('is named by its cause too: %s', (_what, error, triggers) => {
    expect(afterThrow(error)).toEqual(triggers);
  });

  it('is named though its causes go in a circle, or can not be read', () => {
    const circle = new Error('a');
    circle.cause = new Error('b', { cause: circle });
    const refusing = Object.defineProperty(new Error('c'), 'cause', {
      get: () => {
        throw new Error('not yours');
      },
    });

    expect(afterThrow(circle)).toEqual(['on_error']);
    expect(afterThrow(refusing)).toEqual(['on_error']);
  });

  it('is named by what it is before what caused it', () => {
    const error = new Error('no', { cause: timeout });

    expect(findTrigger(policyOf(ALL), { type: 'thrown', error })).toBe('on_error');
    expect(findTrigger(policyOf(ALL), { type: 'thrown', error: nonZero })).toBe('on_nonzero_exit');
  });
});

describe('what was returned', () => {
  const failed = failedResult();
  const holder = new ParacleError(sandboxErrorCodes.exitNonZero, 'exit code 1');
  Object.assign(holder, { result: failed });
  const circle: { self?: unknown; last?: unknown } = {};
  circle.self = circle;
  circle.last = failed;

  it.each<[string, unknown]>([
    ['itself', failed],
    ['ended by a signal', failedResult({ exitCode: undefined, cause: 'signalled', signal: 'SIGSEGV' })],
    ['in an array', [goodResult(), failed]],
    ['in an object', { build: goodResult(), test: failed }],
    ['in an object without a prototype', Object.assign(Object.create(null), { failed })],
    ['deep inside', { steps: [{ runs: [[failed]] }] }],
    ['in an error that was settled', [{ status: 'rejected', reason: holder }]],
    ['behind a circle', circle],
    ['behind very many', [...Array.from({ length: 300_000 }, () => 1), failed]],
    ['as plain data', JSON.parse(JSON.stringify(failed))],
  ])('rolls back by on_nonzero_exit alone where a command failed: %s', (_where, value) => {
    expect(afterReturn(value)).toEqual(['on_nonzero_exit']);
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'exit code 1'],
    ['a result that is good', goodResult()],
    ['results that are good', [goodResult(), { last: goodResult() }]],
    ['an object that looks like one from afar', { exitCode: 1, stdout: '' }],
    [
      'an object of another class',
      new (class {
        readonly last = failed;
      })(),
    ],
    ['an error that was not thrown', timeout],
    ['a getter', Object.defineProperty({}, 'last', { enumerable: true, get: () => failed })],
  ])('rolls back by no trigger: %s', (_what, value) => {
    expect(afterReturn(value)).toEqual([]);
  });
});

it('finds nothing where the policy is off, names nothing or leaves it to people', () => {
  for (const policy of [policyOf(ALL, false), policyOf([]), policyOf(['manual'])]) {
    expect(findTrigger(policy, { type: 'thrown', error: timeout })).toBeUndefined();
    expect(findTrigger(policy, { type: 'returned', value: failedResult() })).toBeUndefined();
  }
});
