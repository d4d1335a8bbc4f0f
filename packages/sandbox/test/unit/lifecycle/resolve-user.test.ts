import { expect, it } from '@jest/globals';
import { FileOperationError, type FileService } from '@paracle/core';
import { resolveUser } from '../../../src/lifecycle/resolve-user.js';

const databases: Readonly<Record<string, string>> = {
  '/etc/passwd':
    'root:x:0:0:root:/root:/bin/sh\napp:x:1234:2345::/app:/bin/sh\nadmin:x:0:0::/:/bin/sh\nwheel:x:50:0::/:/bin/sh\n',
  '/etc/group': 'root:x:0:\nstaff:x:777:\n',
};

/** A file service with these two files. */
const read = async (path: string): Promise<Buffer> => Promise.resolve(Buffer.from(databases[path] ?? ''));
const files = { read } as unknown as FileService;
const fallback = { uid: 1000, gid: 1000 };

it.each([
  { imageUser: '', expected: fallback },
  { imageUser: 'root', expected: fallback },
  { imageUser: '0', expected: fallback },
  { imageUser: '0:1000', expected: fallback },
  { imageUser: '00', expected: fallback },
  { imageUser: 'admin', expected: fallback },
  { imageUser: 'wheel', expected: fallback },
  { imageUser: 'app:root', expected: fallback },
  { imageUser: '1500:0', expected: fallback },
  { imageUser: '4294967295', expected: fallback },
  { imageUser: '4294967296', expected: fallback },
  { imageUser: '-1', expected: fallback },
  { imageUser: 'nobody-knows', expected: fallback },
  { imageUser: 'app:nobody-knows', expected: fallback },
  { imageUser: '1500', expected: { uid: 1500, gid: 1500 } },
  { imageUser: '1500:1600', expected: { uid: 1500, gid: 1600 } },
  { imageUser: 'app', expected: { uid: 1234, gid: 2345 } },
  { imageUser: 'app:staff', expected: { uid: 1234, gid: 777 } },
  { imageUser: 'app:99', expected: { uid: 1234, gid: 99 } },
])(
  'runs commands of an image with the user "$imageUser" as $expected.uid:$expected.gid',
  async ({ imageUser, expected }) => {
    await expect(resolveUser({ asked: undefined, image: imageUser }, files)).resolves.toEqual(expected);
  },
);

it('takes the user that was asked for before the image’s', async () => {
  await expect(resolveUser({ asked: 'app:staff', image: '1500' }, files)).resolves.toEqual({ uid: 1234, gid: 777 });
});

it.each(['nobody-knows', '1e3', '0x3e8', '1000:1e3', 'admin', 'wheel', 'app:nobody-knows'])(
  'refuses %s where that was asked for',
  async (asked) => {
    await expect(resolveUser({ asked, image: '1500' }, files)).rejects.toMatchObject({
      code: 'PARACLE_SANDBOX_CREATE_FAILED',
      details: { user: asked },
    });
  },
);

it('takes a database that is missing for one without names, and no other failure for that', async () => {
  const failing = (errno: string): FileService =>
    ({
      read: async (path: string) => Promise.reject(new FileOperationError('read', path, errno)),
    }) as unknown as FileService;

  await expect(resolveUser({ asked: undefined, image: 'app' }, failing('ENOENT'))).resolves.toEqual(fallback);
  await expect(resolveUser({ asked: undefined, image: 'app' }, failing('EIO'))).rejects.toThrow('EIO');
});
