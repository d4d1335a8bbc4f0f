import { existsSync } from 'node:fs';
import { run } from '../setup/run.mjs';
import { mustRun } from './must-run.mjs';

/** Makes a network namespace with a loopback device, and a cable from itself to itself with the address if one is given, if it is not there. */
export async function makeNetwork(name, { address } = {}) {
  if (!existsSync(`/run/netns/${name}`)) {
    await mustRun('ip', 'netns', 'add', name);
    if (address !== undefined) {
      await mustRun('ip', '-n', name, 'link', 'add', 'own', 'type', 'veth', 'peer', 'name', 'own-end');
      await mustRun('ip', '-n', name, 'addr', 'add', address, 'dev', 'own');
      for (const end of ['own', 'own-end']) await mustRun('ip', '-n', name, 'link', 'set', end, 'up');
    }
  }
  await mustRun('ip', '-n', name, 'link', 'set', 'lo', 'up');
}

/** Removes a network namespace and, with it, its end of a cable. */
export async function removeNetwork(name) {
  await run('ip', ['netns', 'del', name]);
}

/** Connects a namespace to the outside by a cable and address translation, as a router would. */
export async function connectNetwork(name, { device, hostAddress, ownAddress, subnet }) {
  await makeNetwork(name);
  await run('ip', ['link', 'del', device]);
  const route = await mustRun('ip', 'route', 'show', 'default');
  const uplink = /dev (\S+)/.exec(route)?.[1] ?? 'eth0';
  const mtu = /mtu (\d+)/.exec(await mustRun('ip', 'link', 'show', uplink))?.[1] ?? '1500';
  await mustRun(
    'ip',
    'link',
    'add',
    device,
    'mtu',
    mtu,
    'type',
    'veth',
    'peer',
    'name',
    'uplink',
    'mtu',
    mtu,
    'netns',
    name,
  );
  await mustRun('ip', 'addr', 'add', `${hostAddress}/30`, 'dev', device);
  await mustRun('ip', 'link', 'set', device, 'up');
  await mustRun('ip', '-n', name, 'addr', 'add', `${ownAddress}/30`, 'dev', 'uplink');
  await mustRun('ip', '-n', name, 'link', 'set', 'uplink', 'up');
  await mustRun('ip', '-n', name, 'route', 'add', 'default', 'via', hostAddress);
  await mustRun('sysctl', '-q', '-w', 'net.ipv4.ip_forward=1');
  for (const rule of translation(device, subnet)) await mustRun('iptables', ...insert(rule));
}

/** Takes the cable and its rules away again. */
export async function disconnectNetwork(name, { device, subnet }) {
  for (const rule of translation(device, subnet)) await run('iptables', remove(rule));
  await run('ip', ['link', 'del', device]);
  await removeNetwork(name);
}

const translation = (device, subnet) => [
  { table: 'nat', chain: 'POSTROUTING', match: ['-s', subnet, '!', '-o', device, '-j', 'MASQUERADE'] },
  { table: 'filter', chain: 'FORWARD', match: ['-i', device, '-j', 'ACCEPT'] },
  { table: 'filter', chain: 'FORWARD', match: ['-o', device, '-j', 'ACCEPT'] },
];
const insert = ({ table, chain, match }) => ['-w', '-t', table, '-I', chain, ...match];
const remove = ({ table, chain, match }) => ['-w', '-t', table, '-D', chain, ...match];
