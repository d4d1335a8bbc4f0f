import { fetchText, request } from './engine-client.mjs';
import { SetupError } from './step.mjs';

/** Saving and loading a whole image may take a while before the engine says anything. */
const COPY_LIMIT_MS = 120_000;

/** Gives an engine the same image that another has; resolves with false if that has none. */
export async function copyImage(from, to, image) {
  const id = await imageId(from, image);
  if (id === undefined) return false;
  if ((await imageId(to, image)) === id) return true;
  const saved = await request(from, { path: `/images/${image}/get`, timeoutMs: COPY_LIMIT_MS });
  const loaded = await request(to, {
    method: 'POST',
    path: '/images/load?quiet=1',
    timeoutMs: COPY_LIMIT_MS,
    body: (call) => {
      saved.on('error', (error) => call.destroy(error));
      saved.pipe(call);
    },
  });
  let text = '';
  for await (const chunk of loaded) text += chunk;
  if (loaded.statusCode === 200 && !text.includes('"error"')) return true;
  throw new SetupError(`${image} could not be loaded into ${to.host}: ${text.trim()}`);
}

async function imageId(endpoint, image) {
  const { status, text } = await fetchText(endpoint, { path: `/images/${image}/json` });
  return status === 200 ? JSON.parse(text).Id : undefined;
}
