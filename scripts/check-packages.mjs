/** What npm would get: licence, manifest fields, then publint and type resolution (each package's check:package). */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { publicPackages, shown } from './checks/workspace.mjs';
import { root } from './setup/paths.mjs';
import { turbo } from './setup/turbo.mjs';

/** What every manifest says alike. */
const ALIKE = {
  license: 'Apache-2.0',
  type: 'module',
  sideEffects: false,
  engines: { node: '>=20.19' },
  publishConfig: { access: 'public' },
};

const license = readFileSync(join(root, 'LICENSE'), 'utf8');
const problems = publicPackages().flatMap(({ folder, manifest }) => {
  const where = shown(folder);
  const copy = join(folder, 'LICENSE');
  const fields = Object.entries(ALIKE).filter(
    ([key, value]) => JSON.stringify(manifest[key]) !== JSON.stringify(value),
  );
  return [
    ...fields.map(([key, value]) => `${where}/package.json: expected "${key}": ${JSON.stringify(value)}`),
    ...(manifest.description && manifest.keywords?.length > 0
      ? []
      : [`${where}/package.json: expected a description and keywords`]),
    ...(existsSync(copy) && readFileSync(copy, 'utf8') === license
      ? []
      : [`${where}/LICENSE: expected a copy of the root's LICENSE`]),
    ...(existsSync(join(folder, 'README.md')) ? [] : [`${where}/README.md: missing`]),
  ];
});
for (const problem of problems) process.stderr.write(`${problem}\n`);
// npm packs for attw: one package at a time, since all would use npm's cache at once.
const { exitCode } = await turbo(['check:package', '--concurrency=1'], { echo: true });
process.exitCode = problems.length > 0 ? 1 : exitCode;
