import { expect, it } from '@jest/globals';
import { checkRunc } from '../../../src/doctor/check-runc.js';

it.each([
  ['1.1.5+ds1', 'CVE-2024-21626'],
  ['1.1.12', 'CVE-2025-31133'],
  ['1.2.7', 'CVE-2025-52881'],
  ['1.3.2', 'CVE-2025-52565'],
  ['1.3.3-rc.1', 'CVE-2025-31133'],
])('warns of runc %s, and that it may be patched', (version, hole) => {
  const finding = checkRunc(version);

  expect(finding).toMatchObject({ status: 'warning' });
  expect(finding.explanation).toContain(hole);
  expect(finding.explanation).toContain('may have patched');
});

it.each(['1.2.8', '1.2.9', '1.3.3', '1.4.0', 'v2.0.0'])('has nothing against runc %s', (version) => {
  expect(checkRunc(version).status).toBe('ok');
});

it.each([undefined, 'crun 1.8'])('can’t judge %p', (version) => {
  expect(checkRunc(version).status).toBe('warning');
});
