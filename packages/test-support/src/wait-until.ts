import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 20;

/** Asks again and again until the answer is neither `undefined` nor `false`, and returns it. */
export async function waitUntil<Answer>(
  what: string,
  ask: () => Promise<Answer | undefined> | Answer | undefined,
  limitMs = 20_000,
): Promise<Answer> {
  const end = performance.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > end) throw new Error(`Waited ${limitMs} ms in vain until ${what}`);
    await delay(POLL_MS);
  }
}
