/**
 * Checks that unit and integration tests together took every branch of the packages whose coverage is measured (see
 * `measured` in jest.base.mjs). What no test can reach is left out by an `istanbul ignore` comment that says why.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import coverage from 'istanbul-lib-coverage';
import { listFiles, publicPackages, report, shown } from './checks/workspace.mjs';

const KINDS = ['unit', 'integration'];
const IGNORE = /istanbul ignore (?:next|if|else|file)(?! -- \S)/;

const measuredPackages = publicPackages().filter(({ folder }) =>
  readFileSync(join(folder, 'jest.config.mjs'), 'utf8').includes('measured('),
);
report(measuredPackages.flatMap(checkPackage), `Every branch of ${names(measuredPackages)} was taken.`);

function checkPackage({ folder }) {
  const files = KINDS.map((kind) => join(folder, 'coverage', kind, 'coverage-final.json'));
  const missing = files.filter((file) => !existsSync(file));
  if (missing.length > 0)
    return missing.map((file) => `${shown(file)} is missing: run the tests with PARACLE_COVERAGE=1`);
  const map = coverage.createCoverageMap({});
  for (const file of files) map.merge(JSON.parse(readFileSync(file, 'utf8')));
  return [...map.files().flatMap((file) => findBranches(map.fileCoverageFor(file).data)), ...findIgnores(folder)];
}

function findBranches({ path, b: counts, branchMap }) {
  return Object.entries(counts).flatMap(([id, taken]) =>
    taken.flatMap((count, index) => {
      if (count > 0) return [];
      const { line, column } = branchMap[id].locations[index].start.line
        ? branchMap[id].locations[index].start
        : branchMap[id].loc.start;
      return [`${shown(path)}:${line}:${column + 1}: no test takes this branch (${branchMap[id].type})`];
    }),
  );
}

function findIgnores(folder) {
  return listFiles(join(folder, 'src'), (name) => name.endsWith('.ts'))
    .filter((file) => IGNORE.test(readFileSync(file, 'utf8')))
    .map((file) => `${shown(file)}: an "istanbul ignore" without its reason ("-- why")`);
}

function names(packages) {
  return packages.map(({ manifest }) => manifest.name).join(', ');
}
