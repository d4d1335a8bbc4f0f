import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';

const run = promisify(execFile);
const folder = fileURLToPath(new URL('../../../../examples/', import.meta.url));

it.each([
  { name: '09_sandbox_execution', says: ['stdout: Hello', 'processes left: 0', 'streamed: line 3'] },
  {
    name: '10_network_isolation',
    says: ['refused: 169.254.169.254:80, metadata', 'Connection refused', 'answers', 'rules verified'],
  },
  {
    name: '11_rollback_on_failure',
    says: [
      'ended with exit code 1: disk error',
      'exit code 3: rolled_back, notes: none',
      'exit code 0: kept, notes: done',
      'ended: rolled back',
      'all that failed is undone',
    ],
  },
])('the example $name does what it says', async ({ name, says }) => {
  const { stdout } = await run(process.execPath, [`dist/${name}.js`], { cwd: folder });
  for (const text of says) expect(stdout).toContain(text);
});
