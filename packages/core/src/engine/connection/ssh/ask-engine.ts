import { connect } from 'node:net';
import { readText } from '../../../reading/read-fields.js';

/** What came of asking: nobody listens yet, the engine answered, or the connection was cut. */
export type Asked = 'absent' | 'answered' | 'cut';

const PING = 'GET /_ping HTTP/1.0\r\n\r\n';

/**
 * Asks an engine behind a forwarded socket for a sign of life. ssh accepts connections before it knows whether
 * the other side does.
 */
export async function askEngine(path: string, signal: AbortSignal): Promise<Asked> {
  const socket = connect({ path });
  const hangUp = (): void => void socket.destroy();
  signal.addEventListener('abort', hangUp, { once: true });
  try {
    return await new Promise<Asked>((resolve, reject) => {
      socket.once('error', (error) => {
        const code = readText(error, ['code']) ?? '';
        if (code === 'ENOENT' || code === 'ECONNREFUSED') resolve('absent');
        else if (code === 'ECONNRESET' || code === 'EPIPE') resolve('cut');
        else reject(error);
      });
      socket.once('data', () => resolve('answered'));
      socket.once('close', () => resolve('cut'));
      socket.write(PING);
    });
  } finally {
    signal.removeEventListener('abort', hangUp);
    socket.on('error', () => undefined);
    socket.destroy();
  }
}
