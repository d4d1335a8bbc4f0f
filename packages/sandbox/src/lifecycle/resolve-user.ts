import { coreErrorCodes, type FileService, hasCode } from '@paracle/core';
import { sandboxErrorCodes } from '../errors/sandbox-error-codes.js';
import { SandboxError } from '../errors/sandbox-errors.js';

/** The identity of everything untrusted in a sandbox. */
export interface SandboxUser {
  readonly uid: number;
  readonly gid: number;
}

/** Used unless the image names a user that is not root. */
const DEFAULT_USER: SandboxUser = { uid: 1000, gid: 1000 };
const MAX_DATABASE_BYTES = 1024 * 1024;

/**
 * The user that was asked for, else the image's where it is a real one that is neither root nor in root's
 * group, else 1000:1000.
 * @throws SandboxError `PARACLE_SANDBOX_CREATE_FAILED` where the user that was asked for is not in the image, or root
 */
export async function resolveUser(
  users: { readonly asked: string | undefined; readonly image: string },
  files: FileService,
): Promise<SandboxUser> {
  if (users.asked === undefined) return (await findUser(users.image, files)) ?? DEFAULT_USER;
  const user = await findUser(users.asked, files);
  if (user !== undefined) return user;
  throw new SandboxError(sandboxErrorCodes.createFailed, `The image has no user ${users.asked} but root`, {
    details: { user: users.asked },
    suggestion: 'Use a name from the image’s /etc/passwd, or numbers: "1000:1000".',
  });
}

async function findUser(user: string, files: FileService): Promise<SandboxUser | undefined> {
  const [/* istanbul ignore next -- splitting gives one part at least */ name = '', groupName] = user.split(':');
  if (name === '' || name === 'root' || name === '0') return undefined;
  const entry = /^\d+$/u.test(name) ? undefined : await findEntry(files, '/etc/passwd', name);
  const uid = toId(entry?.[2] ?? name);
  const group =
    groupName === undefined || /^\d+$/u.test(groupName) ? undefined : await findEntry(files, '/etc/group', groupName);
  const gid = toId(group?.[2] ?? groupName ?? entry?.[3] ?? String(uid));
  // An image may say `User: 1000`, for which the engine takes group 0: its own number is the safe one.
  return isPlain(uid) && isPlain(gid) ? { uid, gid } : undefined;
}

function toId(text: string): number {
  return /^\d+$/u.test(text) ? Number(text) : Number.NaN;
}

function isPlain(id: number): boolean {
  return Number.isInteger(id) && id > 0 && id < 0xffff_ffff;
}

async function findEntry(files: FileService, database: string, name: string): Promise<string[] | undefined> {
  const contents = await files.read(database, MAX_DATABASE_BYTES).catch((error: unknown) => {
    // An image without it has no names; any other failure is one.
    if (!hasCode(error, coreErrorCodes.fileOperation) || error.details['errno'] !== 'ENOENT') throw error;
    return Buffer.alloc(0);
  });
  return contents
    .toString('latin1')
    .split('\n')
    .map((line) => line.split(':'))
    .find(([entry]) => entry === name);
}
