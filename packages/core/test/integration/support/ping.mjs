/**
 * Pings the engine at the endpoint in the first argument and says what came of it. With `stay` it then waits to be
 * killed; with `leave` it ends without closing the engine.
 */
import { Engine } from '@paracle/core';

const [, , endpoint, end] = process.argv;
const engine = new Engine({ endpoint: JSON.parse(endpoint) });
try {
  await engine.system.ping();
  process.stdout.write('answered\n');
} catch (error) {
  process.stdout.write(`${error.details?.problem ?? error.message}\n`);
}
if (end === 'stay') setInterval(() => undefined, 1000);
if (end === undefined) await engine.close();
