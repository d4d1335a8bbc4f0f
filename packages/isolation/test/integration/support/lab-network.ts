import type { RulesetContext } from '../../../src/index.js';

/** The network as the sandbox sees it. */
export const labContext: RulesetContext = {
  subnets: ['198.18.7.0/28', 'fd77::/64'],
  addresses: ['198.18.7.2', 'fd77::2'],
  gateways: ['198.18.7.1', 'fd77::1'],
  hostAddresses: ['5.5.5.5', '2606:4700:5::5'],
  generation: 7,
};

/** The neighbour's address, where the world is one too. */
export const NEIGHBOUR = '198.18.7.3';

/** The commands of `ip` that make two namespaces, a cable between them, and the world's addresses. */
export function labCommands(names: {
  readonly sandbox: string;
  readonly world: string;
  readonly worldAddresses: readonly string[];
}): readonly string[] {
  const { sandbox, world, worldAddresses } = names;
  const add = (name: string, device: string) => (address: string) =>
    `-n ${name} address add ${address} dev ${device}${address.includes(':') ? ' nodad' : ''}`;
  return [
    `netns add ${sandbox}`,
    `netns add ${world}`,
    `link add eth0 netns ${sandbox} type veth peer name eth0 netns ${world}`,
    ...[sandbox, world].flatMap((name) => [`-n ${name} link set lo up`, `-n ${name} link set eth0 up`]),
    ...['198.18.7.2/28', 'fd77::2/64'].map(add(sandbox, 'eth0')),
    ...['198.18.7.1/28', `${NEIGHBOUR}/28`, 'fd77::1/64'].map(add(world, 'eth0')),
    ...worldAddresses.map(add(world, 'lo')),
    `-n ${sandbox} route add default via 198.18.7.1`,
    `-n ${sandbox} -6 route add default via fd77::1`,
  ];
}
