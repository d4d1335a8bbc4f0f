import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { debianTree, ensureMmdebstrap } from './debian-tree.mjs';
import { root } from './paths.mjs';
import { run } from './run.mjs';
import { exitWithFailure, note, SetupError } from './step.mjs';

/** What `nft` needs, as it and its libraries name it, and the packages that these come in. */
const LIBRARIES = [
  ...['libnftables.so.1', 'libnftnl.so.11', 'libmnl.so.0', 'libxtables.so.12', 'libjansson.so.4', 'libgmp.so.10'],
  ...['libedit.so.2', 'libtinfo.so.6', 'libbsd.so.0', 'libmd.so.0', 'libc.so.6', 'libm.so.6'],
];
const PACKAGES = [
  ...['nftables', 'libnftables1', 'libnftnl11', 'libmnl0', 'libxtables12', 'libjansson4', 'libgmp10'],
  ...['libedit2', 'libtinfo6', 'libbsd0', 'libmd0', 'libc6'],
];
const PLATFORMS = {
  amd64: { triplet: 'x86_64-linux-gnu', loader: 'lib64/ld-linux-x86-64.so.2' },
  arm64: { triplet: 'aarch64-linux-gnu', loader: 'lib/ld-linux-aarch64.so.1' },
};

const folder = join(root, 'packages', 'isolation', 'guard');

/**
 * Builds the image of the guard, which @paracle/isolation brings along: `nft`, its libraries and their notices from
 * Debian's packages, and what looks at the network from inside. The supervisor, its PID 1, comes in by a mount, as
 * everywhere. What lies beside it says what it must be found to hold once an engine has it.
 */
export async function ensureGuardImage(arch) {
  const { compile } = await import('../../packages/core/native/build.mjs');
  const source = join(folder, 'src', 'look.c');
  const recipe = createHash('sha256')
    .update(readFileSync(import.meta.filename))
    .update(readFileSync(source))
    .digest('hex');
  const target = join(folder, 'build', `guard-${arch}`);
  if (existsSync(`${target}.json`) && JSON.parse(readFileSync(`${target}.json`, 'utf8')).recipe === recipe)
    return 'is there';
  note(`nftables for ${arch} from Debian's packages`);
  await ensureMmdebstrap();
  const work = mkdtempSync(join(tmpdir(), 'paracle-guard-'));
  try {
    const tree = join(work, 'tree');
    await debianTree({
      suite: 'bookworm',
      variant: 'extract',
      architecture: arch,
      include: ['nftables'],
      target: tree,
    });
    const image = join(work, 'image');
    choose(tree, image, PLATFORMS[arch]);
    mkdirSync(join(folder, 'build'), { recursive: true });
    const program = join(image, 'usr', 'bin', 'look');
    compile(
      arch,
      ['-std=c11', '-D_GNU_SOURCE', '-Os', '-Wall', '-Wextra', '-Werror', '-static', '-s', source],
      program,
    );
    const layer = await packLayer(image, work);
    await packImage({ arch, layer, work, target: `${target}.tar.gz` });
    writeFileSync(`${target}.json`, `${JSON.stringify({ layer: `sha256:${layer}`, recipe })}\n`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return 'built';
}

function choose(tree, image, { triplet, loader }) {
  const copy = (from, to = from) => {
    mkdirSync(dirname(join(image, to)), { recursive: true });
    copyFileSync(realpathSync(join(tree, from)), join(image, to));
  };
  copy('usr/sbin/nft');
  // The tree's own links are absolute and would lead into this machine's folders.
  copy(join('lib', triplet, loader.split('/').at(-1)), loader);
  for (const name of LIBRARIES) {
    const place = [join('lib', triplet), join('usr', 'lib', triplet)].find((where) =>
      existsSync(join(tree, where, name)),
    );
    if (place === undefined) throw new SetupError(`Expected ${name} among Debian's packages for nftables, found none.`);
    copy(join(place, name), join('usr', 'lib', triplet, name));
  }
  for (const name of PACKAGES) copy(`usr/share/doc/${name}/copyright`);
  mkdirSync(join(image, 'usr', 'bin'), { recursive: true });
}

/** The file system as one archive that is the same each time; its digest names it on every engine. */
async function packLayer(image, work) {
  await tar(['-cf', join(work, 'layer.tar'), '-C', image, '.']);
  return createHash('sha256')
    .update(readFileSync(join(work, 'layer.tar')))
    .digest('hex');
}

/** @see https://github.com/moby/docker-image-spec/blob/main/spec.md (what `docker load` takes) */
async function packImage({ arch, layer, work, target }) {
  const config = {
    architecture: arch,
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: [`sha256:${layer}`] },
  };
  const manifest = [
    { Config: 'config.json', RepoTags: [`paracle-guard:${layer.slice(0, 16)}`], Layers: ['layer.tar'] },
  ];
  writeFileSync(join(work, 'config.json'), JSON.stringify(config));
  writeFileSync(join(work, 'manifest.json'), JSON.stringify(manifest));
  const unfinished = `${target}.${process.pid}`;
  await tar(['-I', 'gzip -9n', '-cf', unfinished, '-C', work, 'manifest.json', 'config.json', 'layer.tar']);
  renameSync(unfinished, target);
}

async function tar(args) {
  const same = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--format=gnu'];
  const { exitCode, output } = await run('tar', [...same, ...args]);
  if (exitCode !== 0) throw new SetupError(`tar failed: ${output.trim()}`);
}

if (process.argv[1] === import.meta.filename) {
  try {
    for (const arch of Object.keys(PLATFORMS)) await ensureGuardImage(arch);
  } catch (error) {
    exitWithFailure(error);
  }
}
