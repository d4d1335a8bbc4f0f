import { expect, it } from '@jest/globals';
import { chosenMacAddressOf } from '../../../src/replacement/chosen-mac-address.js';

const CHOSEN = '02:42:c6:12:c9:07';
const GENERATED = '02:42:ac:11:00:02';
const other = { isNamed: false, containerMac: undefined };
const main = { isNamed: true, containerMac: undefined };

it.each([
  [
    'that the container was told',
    { MacAddress: GENERATED, IPAddress: '172.17.0.2' },
    { ...main, containerMac: CHOSEN },
  ],
  ['that is not made of the address', { MacAddress: CHOSEN, IPAddress: '172.17.0.2' }, other],
  ['of a container that never ran', { MacAddress: CHOSEN, IPAddress: '' }, other],
])('finds one %s', (_case, reported, source) => {
  expect(chosenMacAddressOf(reported, source)).toBe(CHOSEN);
});

it.each([
  ['made of the address', { MacAddress: GENERATED, IPAddress: '172.17.0.2' }, other],
  ['of a container that was told none', { MacAddress: '5e:01:02:03:04:05', IPAddress: '172.17.0.2' }, main],
  ['that nobody tells', { MacAddress: '', IPAddress: '' }, other],
])('takes for the engine’s one %s', (_case, reported, source) => {
  expect(chosenMacAddressOf(reported, source)).toBe('');
});
