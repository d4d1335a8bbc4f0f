/** Keeps the arrows between packages as docs draw them: core ← siblings ← stack, server ← cli. */
import { readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { listFiles, publicPackages, report, shown } from './checks/workspace.mjs';

const SIBLINGS = ['sandbox', 'isolation', 'rollback', 'review'];

/** What each package may import. Siblings never import one another. */
const ALLOWED = {
  core: [],
  ...Object.fromEntries(SIBLINGS.map((name) => [name, ['core']])),
  stack: ['core', ...SIBLINGS],
  server: ['core', ...SIBLINGS, 'stack'],
  cli: ['core', ...SIBLINGS, 'stack', 'server'],
};

/** Dependencies that belong to one package alone. */
const OWNERS = { dockerode: 'core', '@types/dockerode': 'core' };

const IMPORT =
  /(?:^|[\s;}])(?:import|export)\s[^'"`;]*?from\s*['"]([^'"]+)['"]|\bimport\s*\(\s*['"]([^'"]+)['"]|^\s*import\s*['"]([^'"]+)['"]/gm;

const problems = publicPackages().flatMap(({ folder, manifest }) => [
  ...checkManifest(folder, manifest),
  ...listFiles(join(folder, 'src'), (name) => name.endsWith('.ts')).flatMap((file) =>
    checkFile(folder, manifest, file),
  ),
]);
report(problems, `The arrows hold in ${publicPackages().length} packages.`);

function checkManifest(folder, manifest) {
  const own = shortName(manifest.name);
  const where = shown(join(folder, 'package.json'));
  if (!Object.hasOwn(ALLOWED, own)) return [`${where}: add "${own}" to the allowed arrows in scripts/check-arrows.mjs`];
  const fields = ['dependencies', 'peerDependencies', 'optionalDependencies'];
  return fields.flatMap((field) =>
    Object.keys(manifest[field] ?? {}).flatMap((name) => explain(own, name, `${where} (${field})`)),
  );
}

function checkFile(folder, manifest, file) {
  const own = shortName(manifest.name);
  return importsOf(readFileSync(file, 'utf8')).flatMap((specifier) => {
    if (!specifier.startsWith('.')) return explain(own, packageOf(specifier), shown(file));
    const target = relative(join(folder, 'src'), resolve(file, '..', specifier));
    return target.startsWith('..')
      ? [`${shown(file)}: "${specifier}" leaves src; import siblings by package name`]
      : [];
  });
}

function explain(own, name, where) {
  if (Object.hasOwn(OWNERS, name) && OWNERS[name] !== own) {
    return [`${where}: only @paracle/${OWNERS[name]} may use ${name}; see its interface instead`];
  }
  if (!name.startsWith('@paracle/') || ALLOWED[own]?.includes(shortName(name))) return [];
  const allowed = ALLOWED[own]?.map((other) => `@paracle/${other}`).join(', ') || 'no package of ours';
  return [`${where}: @paracle/${own} may not use ${name} (allowed: ${allowed})`];
}

function importsOf(source) {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  return [...code.matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? match[3]);
}

function packageOf(specifier) {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function shortName(name) {
  return name.replace(/^@paracle\//, '');
}
