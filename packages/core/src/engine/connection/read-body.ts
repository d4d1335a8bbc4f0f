import type { Readable } from 'node:stream';
import { EngineAnswerInvalidError } from '../../errors/engine-call-errors.js';

/** Answers are lists and descriptions; one beyond this is not read. */
const maxBodyBytes = 64 * 1024 * 1024;

/**
 * Reads an answer's body as text.
 * @throws EngineAnswerInvalidError `PARACLE_ENGINE_ANSWER_INVALID` beyond 64 MiB.
 */
export async function readBody(response: Readable, call: string): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of response) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    sizeBytes += bytes.length;
    if (sizeBytes > maxBodyBytes) throw new EngineAnswerInvalidError(call, `it is larger than ${maxBodyBytes} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * Parses an answer's body.
 * @throws EngineAnswerInvalidError `PARACLE_ENGINE_ANSWER_INVALID` if it is no JSON.
 */
export function parseBody(text: string, call: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new EngineAnswerInvalidError(call, 'it is not JSON', { cause: error });
  }
}
