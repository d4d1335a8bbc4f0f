import { debianTree, ensureMmdebstrap } from './debian-tree.mjs';
import { request } from './engine-client.mjs';
import { SetupError } from './step.mjs';

/** Node's names of the architectures that Debian is built for, by Docker's. */
const NODE_ARCH = { amd64: 'x64', arm64: 'arm64' };

/** The limit for the engine to unpack a whole image. */
const IMPORT_LIMIT_MS = 300_000;

/** Builds Debian 12 with Python 3.11, the same userland as the official image, straight into the engine. */
export async function buildBaseImage(endpoint, arch, { repository, tag }) {
  if (NODE_ARCH[arch] !== process.arch) {
    throw new SetupError(
      `The engine is ${arch}, this machine ${process.arch}: the base image can't be built here. Run on the engine: docker pull ${repository}:${tag}`,
    );
  }
  await ensureMmdebstrap();
  const query = new URLSearchParams({ fromSrc: '-', repo: repository, tag, message: 'Debian bookworm packages' });
  query.append('changes', 'CMD ["python3"]');
  query.append('changes', 'ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin');
  query.append('changes', 'ENV LANG=C.UTF-8');
  let imported;
  await debianTree({
    suite: 'bookworm',
    include: ['python3', 'ca-certificates'],
    // The official image has its Python in /usr/local/bin, under both names.
    hooks: ['ln -s /usr/bin/python3 "$1/usr/local/bin/python"', 'ln -s /usr/bin/python3 "$1/usr/local/bin/python3"'],
    target: '-',
    onTar: (tar, ended) => {
      imported = importTar(endpoint, `/images/create?${query}`, tar, ended);
      imported.catch(() => tar.resume());
    },
  });
  await imported;
}

/** Streams a tar into the engine; the stream is closed properly only if what made it ended well. */
async function importTar(endpoint, path, tar, ended) {
  const response = await request(endpoint, {
    method: 'POST',
    path,
    timeoutMs: IMPORT_LIMIT_MS,
    body: (call) => {
      tar.pipe(call, { end: false });
      ended.then(
        () => call.end(),
        (error) => call.destroy(error),
      );
    },
  });
  let text = '';
  for await (const chunk of response) text += chunk;
  if (response.statusCode !== 200 || text.includes('"error"'))
    throw new SetupError(`The engine refused the base image: ${text.trim()}`);
}
