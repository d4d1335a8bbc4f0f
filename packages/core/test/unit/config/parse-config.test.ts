import { expect, it } from '@jest/globals';
import { Engine, InvalidConfigError, parseConfig } from '@paracle/core';
import { z } from 'zod';

const schema = z.strictObject({
  memoryMb: z.int().min(6).default(512),
  mode: z.enum(['none', 'open']).optional(),
  network: z.strictObject({ allowedPorts: z.array(z.int()).default([]) }).optional(),
  env: z.record(z.string(), z.string().max(3)).optional(),
  token: z.string().max(3).optional(),
});

function explain(input: unknown): readonly string[] {
  try {
    parseConfig(schema, input, 'sandbox options');
  } catch (error) {
    if (error instanceof InvalidConfigError) return error.issues.map(({ message }) => message);
    throw error;
  }
  return [];
}

it('resolves defaults and freezes all of the result', () => {
  const config = parseConfig(schema, { network: {} }, 'sandbox options');

  expect(config).toEqual({ memoryMb: 512, network: { allowedPorts: [] } });
  expect(Object.isFrozen(config.network?.allowedPorts)).toBe(true);
});

it.each([
  [{ memroyMb: 1 }, 'Unknown option `memroyMb`. Did you mean `memoryMb`?'],
  [{ network: { alowedPorts: [] } }, 'Unknown option `network.alowedPorts`. Did you mean `network.allowedPorts`?'],
  [{ somethingElse: 1 }, 'Unknown option `somethingElse`.'],
  [{ memoryMb: 'much' }, 'Expected `memoryMb` to be a number, got "much".'],
  [{ memoryMb: 1 }, 'Expected `memoryMb` to be at least 6, got 1.'],
  [{ memoryMb: 7.5 }, 'Expected `memoryMb` to be a whole number, got 7.5.'],
  [{ mode: 'host' }, 'Expected `mode` to be "none" or "open", got "host".'],
  [{ network: { allowedPorts: ['x'] } }, 'Expected `network.allowedPorts[0]` to be a number, got "x".'],
  ['text', 'Expected the whole to be an object, got "text".'],
])('explains %j', (input, message) => {
  expect(explain(input)).toEqual([message]);
});

it('names every problem at once', () => {
  expect(explain({ memroyMb: 1, modee: 2, memoryMb: 1 })).toHaveLength(3);
});

it('never repeats values that may be secret', () => {
  const messages = explain({ env: { PASSWORD: 'hunter2' }, token: 'hunter2' }).join('\n');

  expect(messages).toContain('env.PASSWORD');
  expect(messages).not.toContain('hunter2');
});

it('finds the known name for every single slip in it', () => {
  for (let index = 0; index < 'memoryMb'.length; index += 1) {
    const removed = `memoryMb`.slice(0, index) + `memoryMb`.slice(index + 1);
    const doubled = `memoryMb`.slice(0, index) + `q` + `memoryMb`.slice(index);
    for (const slip of [removed, doubled]) expect(explain({ [slip]: 1 })[0]).toContain('Did you mean `memoryMb`?');
  }
});

it('refuses misspelt and wrong options of an engine, and accepts every documented one', () => {
  expect(() => void Reflect.construct(Engine, [JSON.parse('{"endpoit":"x"}')])).toThrow('Did you mean `endpoint`?');
  expect(() => void Reflect.construct(Engine, [JSON.parse('{"endpoint":{"type":"socket","pth":"/x"}}')])).toThrow(
    'endpoint.path',
  );
  expect(
    new Engine({ endpoint: { type: 'tcp', host: 'h', port: 1 }, requestTimeoutMs: 5 }).config.requestTimeoutMs,
  ).toBe(5);
});
