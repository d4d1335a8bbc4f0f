import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { EngineAnswerInvalidError } from '../../errors/engine-call-errors.js';

const maxLineLength = 1024 * 1024;

/**
 * Yields a stream's lines, without empty ones. Breaks where the stream breaks.
 * @throws EngineAnswerInvalidError `PARACLE_ENGINE_ANSWER_INVALID` if a line is longer than 1 MiB.
 */
export async function* readLines(stream: Readable, call: string): AsyncGenerator<string, void, void> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of stream) {
    const lines = `${rest}${Buffer.isBuffer(chunk) ? decoder.write(chunk) : String(chunk)}`.split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > maxLineLength) throw new EngineAnswerInvalidError(call, 'a line is longer than 1 MiB');
    yield* lines.filter((line) => line.trim() !== '');
  }
  if (rest.trim() !== '') yield rest;
}
