import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const inRepository = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

/** Builds the package that child processes of tests import, and what it needs; quick where nothing has changed. */
export function buildPackage(folder: string): void {
  const compiler = inRepository('node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [compiler, '-b', inRepository(`packages/${folder}/tsconfig.build.json`)], {
    stdio: 'inherit',
  });
}
