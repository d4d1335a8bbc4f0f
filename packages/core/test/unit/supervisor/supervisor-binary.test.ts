import { expect, it } from '@jest/globals';
import { readSupervisorBinary } from '../../../src/supervisor/supervisor-binary.js';

const HOST_ARCH = process.arch === 'arm64' ? 'arm64' : 'amd64';
/** As ELF files call their machine. Source: elf(5). */
const MACHINE = { amd64: 62, arm64: 183 };

it('reads the program that was built for an architecture', async () => {
  const { bytes, digest, buildId } = await readSupervisorBinary(HOST_ARCH);

  expect(bytes.subarray(0, 4).toString('latin1')).toBe('\x7fELF');
  expect(bytes.readUInt16LE(18)).toBe(MACHINE[HOST_ARCH]);
  expect(bytes.includes(buildId)).toBe(true);
  expect(digest).toMatch(/^[0-9a-f]{64}$/u);
});

it('says which architectures there are', async () => {
  await expect(readSupervisorBinary('other')).rejects.toMatchObject({
    code: 'PARACLE_SUPERVISOR_BINARY_MISSING',
    message: expect.stringContaining('amd64 or arm64'),
  });
});
