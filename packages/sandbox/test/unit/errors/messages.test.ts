import { describe, expect, it } from '@jest/globals';
import { ExecutionRefusedError, type RefusalStage } from '@paracle/core';
import { toStartError } from '../../../src/errors/start-errors.js';
import { type ExecutionCause, type ExecutionFacts, ExecutionResult } from '../../../src/execution/execution-result.js';
import { toRejection } from '../../../src/execution/to-rejection.js';
import { NonZeroExitError } from '../../../src/index.js';

function toResult(facts: Partial<ExecutionFacts>): ExecutionResult {
  const nothing = { text: '', bytes: new Uint8Array(), droppedBytes: 0 };
  return new ExecutionResult(
    {
      executionId: 'exe_1',
      command: ['x'],
      cause: 'exited',
      limitsHit: [],
      hasLostDenials: false,
      survivorCount: 0,
      hasBackground: false,
      ...facts,
    },
    { stdout: nothing, stderr: nothing },
    (result) => new NonZeroExitError(result),
  );
}

describe('why a command did not start', () => {
  it.each<{ stage: RefusalStage; errno: string; code: string; says: string }>([
    { stage: 'command', errno: 'ENOENT', code: 'PARACLE_SANDBOX_COMMAND_NOT_FOUND', says: 'No program "tool"' },
    {
      stage: 'command',
      errno: 'EACCES',
      code: 'PARACLE_SANDBOX_COMMAND_NOT_EXECUTABLE',
      says: "can't be executed: EACCES",
    },
    { stage: 'directory', errno: 'ENOENT', code: 'PARACLE_SANDBOX_DIRECTORY_NOT_USABLE', says: '/srv can' },
    {
      stage: 'limit',
      errno: 'EAGAIN',
      code: 'PARACLE_SANDBOX_START_REFUSED',
      says: 'the limit on processes is reached',
    },
    {
      stage: 'frozen',
      errno: 'EBUSY',
      code: 'PARACLE_SANDBOX_START_REFUSED',
      says: 'a snapshot or rollback is under way',
    },
    { stage: 'identity', errno: 'EPERM', code: 'PARACLE_SANDBOX_START_REFUSED', says: 'it would have run as root' },
    { stage: 'unknown', errno: 'EIO', code: 'PARACLE_SANDBOX_START_REFUSED', says: 'unknown (EIO)' },
  ])('is told in the user’s words: $stage, $errno', ({ stage, errno, code, says }) => {
    const error = toStartError(new ExecutionRefusedError(stage, errno), ['tool'], '/srv');
    expect(error).toMatchObject({ code, message: expect.stringContaining(says), command: ['tool'] });
  });

  it('is told for a command without a program, too', () => {
    const refused = new ExecutionRefusedError('command', 'ENOENT');
    expect(toStartError(refused, [], '/')).toMatchObject({ details: { program: '' } });
  });
});

describe('what an execution rejects with', () => {
  const context = { timeoutMs: 5, abortReason: 'enough', origin: undefined };

  it.each<{ cause: ExecutionCause; name: string; says: string }>([
    { cause: 'timeout', name: 'ExecutionTimeoutError', says: 'longer than 5 ms' },
    { cause: 'aborted', name: 'ExecutionAbortedError', says: 'aborted' },
    { cause: 'lost', name: 'ExecutionLostError', says: 'its end was not reported' },
    { cause: 'rolled_back', name: 'ExecutionRolledBackError', says: 'rolled back' },
    { cause: 'oom', name: 'ResourceLimitExceededError', says: 'its memory limit' },
    { cause: 'disk', name: 'ResourceLimitExceededError', says: 'its memory limit' },
  ])('says why: $cause', ({ cause, name, says }) => {
    expect(toRejection(toResult({ cause }), context)).toMatchObject({ name, message: expect.stringContaining(says) });
  });

  it('is nothing where a signal ended it and no limit did, which orThrow makes an error', () => {
    const result = toResult({ cause: 'signalled', signal: 'SIGTERM' });
    expect(toRejection(result, context)).toBeUndefined();
    expect(() => result.orThrow()).toThrow('The command ended with signal SIGTERM');
  });
});
