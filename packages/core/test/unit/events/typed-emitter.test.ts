import { setImmediate } from 'node:timers/promises';
import { expect, it, jest } from '@jest/globals';
import { type Logger, silentLogger, TypedEmitter } from '@paracle/core';
import { pino } from 'pino';

interface Events {
  readonly 'sandbox-started': readonly [{ readonly sandboxId: string }];
}

it('tells every listener, in order, and logs the one that throws', async () => {
  const error = jest.fn<Logger['error']>();
  const emitter = new TypedEmitter<Events>({ logger: { ...silentLogger, error } });
  const heard: string[] = [];
  const failure = new Error('listener is broken');
  emitter.on('sandbox-started', () => {
    throw failure;
  });
  const listener: () => unknown = async () => Promise.reject(failure);
  emitter.on('sandbox-started', listener);
  emitter.on('sandbox-started', ({ sandboxId }) => void heard.push(sandboxId));

  emitter.emit('sandbox-started', { sandboxId: 'sbx_1' });
  await setImmediate();

  expect(heard).toEqual(['sbx_1']);
  expect(error.mock.calls).toEqual(
    [1, 2].map(() => [{ err: failure, event: 'sandbox-started' }, 'event listener failed']),
  );
});

it('stops telling after unsubscribing', () => {
  const emitter = new TypedEmitter<Events>();
  const listener = jest.fn();
  const unsubscribe = emitter.on('sandbox-started', listener);
  unsubscribe();
  unsubscribe();
  emitter.emit('sandbox-started', { sandboxId: 'sbx_1' });

  expect(listener).not.toHaveBeenCalled();
});

it('takes a pino logger as it is', () => {
  const lines: string[] = [];
  const logger: Logger = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) });
  logger.child({ component: 'test' }).info({ exitCode: 0 }, 'command exited');

  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ component: 'test', exitCode: 0, msg: 'command exited' });
});
