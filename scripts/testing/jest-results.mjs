import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { listFiles, shown } from '../checks/workspace.mjs';
import { root } from '../setup/paths.mjs';

/** Every folder of the workspace that may hold tests. */
function testedFolders() {
  const packages = readdirSync(join(root, 'packages')).map((name) => join(root, 'packages', name));
  return [...packages, join(root, 'examples')].filter((folder) => existsSync(join(folder, 'package.json')));
}

const resultFile = (kind) => join('build', `jest-${kind}.json`);

/** The arguments that make every package's jest leave its results where `readResults` finds them. */
export function resultArguments(kind) {
  for (const folder of testedFolders()) {
    mkdirSync(join(folder, 'build'), { recursive: true });
    rmSync(join(folder, resultFile(kind)), { force: true });
  }
  return ['--json', `--outputFile=${resultFile(kind)}`, '--passWithNoTests', '--ci'];
}

/**
 * Adds up what the packages' jests left. A suite that could not run counts as one failure;
 * a package with test files but no results is a problem.
 */
export function readResults(kind, testFolder) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const problems = [];
  for (const folder of testedFolders()) {
    const file = join(folder, resultFile(kind));
    const written = listFiles(join(folder, 'test', testFolder), (name) => name.endsWith('.test.ts')).length;
    if (!existsSync(file)) {
      if (written > 0) problems.push(`${shown(folder)} has ${written} ${kind} test files, but none ran`);
      continue;
    }
    const result = JSON.parse(readFileSync(file, 'utf8'));
    counts.passed += result.numPassedTests;
    counts.failed += result.numFailedTests + result.numRuntimeErrorTestSuites;
    counts.skipped += result.numPendingTests + result.numTodoTests;
    if (result.numTotalTestSuites < written) {
      problems.push(`${shown(folder)}: ${result.numTotalTestSuites} of ${written} ${kind} test files ran`);
    }
  }
  return { counts, problems };
}
