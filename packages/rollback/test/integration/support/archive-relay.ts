import { once } from 'node:events';
import { IncomingMessage, request } from 'node:http';
import { type Engine, STORE_DIRECTORY } from '@paracle/core';
import { findSocket, RelayedEngine } from '@paracle/test-support';

/** What becomes of archives from and to stores on their way. */
export interface ArchiveFaults {
  /** An archive goes on to the engine when this resolves. */
  readonly beforePut?: () => Promise<void>;
  readonly afterPut?: () => void;
  /** An archive of the engine's ends after as many bytes. */
  readonly maxBytes?: number;
}

/** The real engine, but for {@link ArchiveFaults}. */
export async function createArchiveRelay(engine: Engine, faults: ArchiveFaults): Promise<RelayedEngine> {
  return RelayedEngine.listen(await findSocket(engine), async (asked, answer, socketPath) => {
    const { method, url = '', headers } = asked;
    const isOfStore = decodeURIComponent(url).includes(`/archive?path=${STORE_DIRECTORY}`);
    if (isOfStore && method === 'PUT') await faults.beforePut?.();
    if (answer.destroyed) return;
    const passedOn = request({ socketPath, method, path: url, headers });
    const answered: Promise<unknown[]> = once(passedOn, 'response');
    // The engine holds a container's lock for as long as an archive may go on.
    answer.on('close', () => passedOn.destroy());
    asked.pipe(passedOn);
    const [given] = await answered;
    if (!(given instanceof IncomingMessage)) throw new Error('Expected an answer');
    answer.writeHead(given.statusCode ?? 500, given.headers);
    const maxBytes = isOfStore && method === 'GET' ? (faults.maxBytes ?? Infinity) : Infinity;
    let sentBytes = 0;
    for await (const chunk of given as AsyncIterable<Buffer>) {
      answer.write(chunk.subarray(0, maxBytes - sentBytes));
      sentBytes += chunk.length;
      if (sentBytes >= maxBytes) break;
    }
    answer.end();
    if (isOfStore && method === 'PUT') faults.afterPut?.();
  });
}
