/** A controller that makes as many networks as it is told, all at once, names them, and waits to be killed. */
import { NetworkIsolator } from '../../../dist/index.js';

const isolator = new NetworkIsolator();
const networks = await Promise.all(
  Array.from({ length: Number(process.argv[2]) }, async () => isolator.createNetwork()),
);
process.stdout.write(`${JSON.stringify(networks.map(({ subnet }) => subnet))}\n`);
// The test's own end is one too.
process.stdin.on('end', () => process.exit());
process.stdin.resume();
