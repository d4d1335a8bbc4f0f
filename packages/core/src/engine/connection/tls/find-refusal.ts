import { openSocket, type SocketTarget } from '../socket-target.js';

/** A peer that accepts a client says so at once, or not at all. */
const LIMIT_MS = 2000;

/** Shakes hands once more and sends nothing, so that the peer's reason arrives; nothing if it has none. */
export async function findRefusal(target: SocketTarget): Promise<Error | undefined> {
  const socket = openSocket(target);
  try {
    return await new Promise((resolve) => {
      socket.setTimeout(LIMIT_MS, () => resolve(undefined));
      socket.once('error', resolve);
      socket.once('close', () => resolve(undefined));
      // Sent to accepted clients only.
      socket.once('session', () => resolve(undefined));
      socket.resume();
    });
  } finally {
    socket.on('error', () => undefined);
    socket.destroy();
  }
}
