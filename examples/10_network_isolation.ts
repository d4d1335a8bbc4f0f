/** Gives a sandbox a network that is closed but for what a policy names, and shows what it was refused. */
import { IsolationError, NetworkIsolator } from '@paracle/isolation';
import { SandboxManager } from '@paracle/sandbox';

await using manager = new SandboxManager();
await using isolator = new NetworkIsolator({ engine: manager.engine });

/** Tries TCP and prints what comes of it. */
const knock = (address: string, port: number): string[] => [
  'python3',
  '-c',
  `import socket
try:
    socket.create_connection(('${address}', ${port}), timeout=2)
    print('${address}:${port} answers')
except OSError as error:
    print('${address}:${port}', error.strerror)`,
];

// A network with no way out of the host, made first: what joins it can reach nothing.
const network = await isolator.createNetwork({ internal: true });
console.log(`network ${network.name} on ${network.subnet}`);

// The flow for a sandbox that is there already: made without a network, attached when its rules are in force.
await manager.managedSandbox({}, async (sandbox) => {
  const proof = await isolator.attachContainer(sandbox, network.id);
  console.log(`attached as ${proof.address}; ${proof.canaries.length} canaries were refused, as they should be`);

  const metadata = await sandbox.execute(knock('169.254.169.254', 80));
  console.log(metadata.stdout.trim());
  for (const { address, port, reason, suggestion } of metadata.networkDenials ?? []) {
    console.log(`  refused: ${address}:${port}, ${reason}; what would have allowed it: ${JSON.stringify(suggestion)}`);
  }

  // Two sandboxes on the same network don't see each other, until the policy says so.
  await using neighbour = await manager.create({ networkMode: network.id });
  const { containers } = await isolator.getNetworkInfo(network.id);
  const there = containers.find(({ id }) => id === neighbour.container.id)?.address ?? '';
  const server = neighbour.start(['python3', '-u', '-m', 'http.server', '8000', '--bind', there]);
  for await (const { bytes } of server.output) if (Buffer.from(bytes).includes('Serving')) break;
  console.log('before:', (await sandbox.execute(knock(there, 8000))).stdout.trim());
  await isolator.updatePolicy(network.id, { allowIntraNetwork: true });
  console.log('after: ', (await sandbox.execute(knock(there, 8000))).stdout.trim());
  server.cancel();
  await server.result.catch(() => undefined);

  // At any time: are the rules in the kernel still those that were loaded?
  const again = await isolator.verify(sandbox);
  console.log(`rules verified, ${again.rulesetHash.slice(0, 12)}`);
});

// What can't be enforced is refused, with the reason.
try {
  await isolator.createNetwork({ internal: true, policy: { allowInternet: true } });
} catch (error) {
  console.log('refused:', error instanceof Error ? error.message.split('\n')[0] : error);
}
try {
  await isolator.getNetworkInfo('bridge');
} catch (error) {
  if (!(error instanceof IsolationError)) throw error;
  console.log(`refused: ${error.code}`);
}
