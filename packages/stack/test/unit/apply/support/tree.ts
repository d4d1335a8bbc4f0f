import { createHash } from 'node:crypto';
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  realpath,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Digest, FileChange, FileState } from '@paracle/rollback';

/** One entry of a tree: a file's text, a link's target, or a directory. */
export type Node =
  | { readonly type: 'file'; readonly text: string; readonly mode: number }
  | { readonly type: 'symlink'; readonly target: string }
  | { readonly type: 'directory'; readonly mode: number };

/** Paths with what is there. */
export type Tree = Readonly<Record<string, Node>>;

export const file = (text: string, mode = 0o644): Node => ({ type: 'file', text, mode });
export const link = (target: string): Node => ({ type: 'symlink', target });
export const directory = (mode = 0o755): Node => ({ type: 'directory', mode });

function digestOf(text: string): Digest {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

export function toState(node: Node): FileState {
  const owner = { uid: 1000, gid: 1000, sizeBytes: 0 };
  if (node.type === 'symlink') return { ...owner, type: 'symlink', mode: 0o777, target: node.target };
  if (node.type === 'directory') return { ...owner, type: 'directory', mode: node.mode };
  return {
    ...owner,
    type: 'file',
    mode: node.mode,
    sizeBytes: Buffer.byteLength(node.text),
    digest: digestOf(node.text),
  };
}

export function toChange(path: string, before: Node | undefined, after: Node | undefined): FileChange {
  return {
    path,
    change: before === undefined ? 'added' : after === undefined ? 'deleted' : 'modified',
    ...(before === undefined ? {} : { before: toState(before) }),
    ...(after === undefined ? {} : { after: toState(after) }),
  };
}

/** The change set that turns one tree into another. */
export function toChanges(before: Tree, after: Tree): readonly FileChange[] {
  const paths = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return paths
    .filter((path) => JSON.stringify(before[path]) !== JSON.stringify(after[path]))
    .map((path) => toChange(path, before[path], after[path]));
}

/** Every text of a tree by its digest. */
export function toBodies(...trees: readonly Tree[]): ReadonlyMap<Digest, Uint8Array> {
  const texts = trees.flatMap((tree) =>
    Object.values(tree).flatMap((node) => (node.type === 'file' ? [node.text] : [])),
  );
  return new Map(texts.map((text) => [digestOf(text), Buffer.from(text)]));
}

/** A `readBody` that knows these trees. */
export function readBodyOf(...trees: readonly Tree[]): (digest: Digest) => Promise<Uint8Array> {
  const bodies = toBodies(...trees);
  return async (digest) => bodies.get(digest) ?? Promise.reject(new TypeError(`no body ${digest}`));
}

export async function writeTree(root: string, tree: Tree): Promise<void> {
  const paths = Object.keys(tree).sort();
  for (const path of paths) {
    const node = tree[path];
    if (node?.type === 'directory') await mkdir(join(root, path), { recursive: true });
    if (node?.type === 'symlink') await symlink(node.target, join(root, path));
    if (node?.type === 'file') await writeFile(join(root, path), node.text);
  }
  for (const path of paths.reverse()) {
    const node = tree[path];
    if (node !== undefined && node.type !== 'symlink') await chmod(join(root, path), node.mode);
  }
}

async function readNode(path: string): Promise<Node> {
  const stats = await lstat(path);
  if (stats.isSymbolicLink()) return link(await readlink(path));
  if (stats.isDirectory()) return directory(stats.mode & 0o7777);
  return file(stats.isFile() ? await readFile(path, 'utf8') : '(special)', stats.mode & 0o7777);
}

/** Everything below a directory; what Paracle left there included. */
export async function readTree(root: string): Promise<Tree> {
  return sorted(await readBelow(root, ''));
}

/** Node's own recursive `readdir` follows links to directories on Node 20. */
async function readBelow(root: string, prefix: string): Promise<Tree> {
  const tree: Record<string, Node> = {};
  for (const name of await readdir(join(root, prefix))) {
    const path = `${prefix}${name}`;
    const node = await readNode(join(root, path));
    tree[path] = node;
    if (node.type === 'directory') Object.assign(tree, await readBelow(root, `${path}/`));
  }
  return tree;
}

export function sorted(tree: Tree): Tree {
  return Object.fromEntries(Object.entries(tree).sort(([left], [right]) => (left < right ? -1 : 1)));
}

const made: string[] = [];

/** A new directory; {@link removeMade} removes it. */
export async function makeDirectory(): Promise<string> {
  const path = await realpath(await mkdtemp(join(tmpdir(), 'paracle-apply-')));
  made.push(path);
  return path;
}

/** Removes all directories that were made; for `afterEach` or `afterAll`. */
export async function removeMade(): Promise<void> {
  for (const path of made.splice(0)) await rm(path, { recursive: true, force: true });
}

/** A workspace in a new directory that holds a tree. */
export async function makeWorkspace(tree: Tree): Promise<string> {
  const root = await makeDirectory();
  await writeTree(root, tree);
  return root;
}
