import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const inRepository = (path: string): string => fileURLToPath(new URL(`../../../../../${path}`, import.meta.url));

/** Builds what child processes of tests import; quick where nothing has changed. */
export function buildPackages(): void {
  const compiler = inRepository('node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [compiler, '-b', inRepository('packages/isolation/tsconfig.build.json')], {
    stdio: 'inherit',
  });
}

/** The path of a child's program beside this file. */
export function childProgram(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}
