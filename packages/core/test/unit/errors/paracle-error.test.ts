import { runInNewContext } from 'node:vm';
import { expect, it } from '@jest/globals';
import { EngineTimeoutError, hasCode, InvalidConfigError, ParacleError } from '@paracle/core';

it('recognises errors by brand, whichever copy or realm made them', () => {
  const foreign: unknown = runInNewContext(`
    const error = new Error('from elsewhere');
    Object.defineProperty(error, Symbol.for('paracle.error'), { value: true });
    error`);

  expect(foreign).not.toBeInstanceOf(ParacleError);
  expect(ParacleError.isInstance(foreign)).toBe(true);
});

it.each([undefined, null, 'text', 1, {}, new Error('plain')])('takes %p for no error of ours', (value) => {
  expect(ParacleError.isInstance(value)).toBe(false);
});

it('serialises without its cause', () => {
  const error = new ParacleError('PARACLE_X', 'broken', {
    details: { a: 1 },
    suggestion: 'Mend it.',
    cause: new Error('secret'),
  });

  expect(JSON.parse(JSON.stringify(error))).toEqual({
    name: 'ParacleError',
    code: 'PARACLE_X',
    message: 'broken',
    details: { a: 1 },
    suggestion: 'Mend it.',
  });
  expect(error.cause).toMatchObject({ message: 'secret' });
  expect(Object.isFrozen(error.details)).toBe(true);
});

it('names subclasses and their codes', () => {
  const error = new EngineTimeoutError('GET /info', 5);

  expect(error.name).toBe('EngineTimeoutError');
  expect(String(error)).toContain('EngineTimeoutError: The engine did not answer');
  expect(hasCode(error, 'PARACLE_ENGINE_TIMEOUT')).toBe(true);
  expect(hasCode(new InvalidConfigError('x', []), 'PARACLE_ENGINE_TIMEOUT')).toBe(false);
});
