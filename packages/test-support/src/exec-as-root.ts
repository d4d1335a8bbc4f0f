import { type IncomingMessage, request } from 'node:http';
import { type ConnectableEngine, findSocket } from './connectable-engine.js';

const HEADER_BYTES = 8;
const STDOUT = 1;

/** Runs a command in a container as `docker exec --user root` does, past the supervisor; resolves with its standard output. */
export async function execAsRoot(engine: ConnectableEngine, containerId: string, argv: string[]): Promise<string> {
  const socketPath = await findSocket(engine);
  const call = async (method: string, path: string, body?: object): Promise<Buffer> => {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = { 'Content-Type': 'application/json' };
      request({ socketPath, method, path, headers }, resolve)
        .on('error', reject)
        .end(body && JSON.stringify(body));
    });
    const bytes = Buffer.concat(await answer.toArray());
    if ((answer.statusCode ?? 0) >= 300) throw new Error(`${method} ${path}: ${bytes.toString()}`);
    return bytes;
  };
  const parse = (bytes: Buffer): Record<string, unknown> => JSON.parse(bytes.toString()) as Record<string, unknown>;
  const created = { Cmd: argv, User: 'root', AttachStdout: true, AttachStderr: true };
  const { Id } = parse(await call('POST', `/containers/${containerId}/exec`, created));
  const output = demultiplex(await call('POST', `/exec/${String(Id)}/start`, { Detach: false }));
  const { ExitCode } = parse(await call('GET', `/exec/${String(Id)}/json`));
  if (ExitCode !== 0) throw new Error(`${argv[0] ?? ''} ended with ${String(ExitCode)}: ${output.other}`);
  return output.stdout;
}

/** Each piece of an exec's output has a header: its stream, three zeros, its length. */
function demultiplex(bytes: Buffer): { readonly stdout: string; readonly other: string } {
  const pieces: { readonly stream: number; readonly piece: Buffer }[] = [];
  for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
    const length = bytes.readUInt32BE(at + 4);
    pieces.push({ stream: bytes.readUInt8(at), piece: bytes.subarray(at + HEADER_BYTES, at + HEADER_BYTES + length) });
    at += HEADER_BYTES + length;
  }
  const join = (isStdout: boolean): string =>
    Buffer.concat(pieces.filter(({ stream }) => (stream === STDOUT) === isStdout).map(({ piece }) => piece)).toString();
  return { stdout: join(true), other: join(false) };
}
