import { buildBaseImage } from './build-base-image.mjs';
import { fetchText, request } from './engine-client.mjs';
import { note } from './step.mjs';

const REPOSITORY = 'python';
const TAG = '3.11-slim';

/** A registry that says nothing for so long is taken for unreachable. */
const SILENCE_LIMIT_MS = 20_000;

/** Makes sure the engine has `python:3.11-slim`: there already, pulled, or built from Debian's packages. */
export async function ensureBaseImage(endpoint, arch, { rebuild = false } = {}) {
  const image = `${REPOSITORY}:${TAG}`;
  if (!rebuild) {
    const { status } = await fetchText(endpoint, { path: `/images/${image}/json` });
    if (status === 200) return `${image} is there`;
    const refusal = await pull(endpoint);
    if (refusal === undefined) return `${image} pulled`;
    note(`no registry gave ${image} (${refusal}); building it from Debian packages`);
  }
  await buildBaseImage(endpoint, arch, { repository: REPOSITORY, tag: TAG });
  return `${image} built`;
}

/** Pulls the image; resolves with the reason if that did not work. */
async function pull(endpoint) {
  const abort = new AbortController();
  let timer;
  const expectProgress = () => {
    clearTimeout(timer);
    timer = setTimeout(() => abort.abort(), SILENCE_LIMIT_MS);
  };
  expectProgress();
  try {
    const path = `/images/create?fromImage=${REPOSITORY}&tag=${TAG}`;
    const response = await request(endpoint, {
      method: 'POST',
      path,
      timeoutMs: SILENCE_LIMIT_MS,
      signal: abort.signal,
    });
    let text = '';
    for await (const chunk of response) {
      expectProgress();
      text += chunk;
    }
    const failure = text.split('\n').find((line) => line.includes('"error"') || line.includes('"message"'));
    if (failure !== undefined) return shorten(JSON.parse(failure).error ?? JSON.parse(failure).message);
    return response.statusCode === 200 ? undefined : `HTTP ${response.statusCode}`;
  } catch (error) {
    return abort.signal.aborted || error.code === 'ETIMEDOUT'
      ? `no answer within ${SILENCE_LIMIT_MS / 1000} s`
      : error.message;
  } finally {
    clearTimeout(timer);
  }
}

const shorten = (text) => (text.length > 160 ? `${text.slice(0, 160)}…` : text);
