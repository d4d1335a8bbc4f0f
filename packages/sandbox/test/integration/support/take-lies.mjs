/**
 * Takes one lie after another from the lying supervisor in the volume that the first argument describes, and says of
 * each how it ended, by how many bytes this process grew at most, and how often its timer came to its turn meanwhile.
 */
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { Engine } from '../../../../core/dist/index.js';
import { SandboxManager } from '../../../dist/index.js';

const mount = JSON.parse(process.argv[2]);
const engine = new Engine();
engine.supervisors.mount = async () => mount;
const manager = new SandboxManager({ engine });

/** A supervisor that gives credit for input without reading any; resolves with whether all of it was taken over. */
async function writeMuch(sandbox) {
  const execution = sandbox.start(['credit']);
  const writing = async () => {
    const piece = Buffer.alloc(1024 * 1024);
    for (let count = 0; count < 256; count++) await execution.write(piece);
    return { cause: 'written' };
  };
  return Promise.race([writing(), delay(3000, { cause: 'held up' })]);
}

const lies = {
  flood: (sandbox) => sandbox.execute(['flood'], { timeoutSeconds: 100 }),
  'tiny output that nobody takes': (sandbox) => sandbox.start(['tiny-output']).result,
  'more output than was granted': (sandbox) => sandbox.start(['more-than-granted']).result,
  'a frame of 4 GiB': (sandbox) => sandbox.execute(['four-gibibytes']),
  'a million entries': (sandbox) => sandbox.files.list('/lie/million'),
  'credit for input that is never read': writeMuch,
  'a file without an end, byte by byte': (sandbox) => sandbox.files.read('/lie/bytes-alone', { maxBytes: 4_000_000 }),
  // What takes much comes last: memory that this process has once had shows no growth afterwards.
  'a million entries, taken': (sandbox) => sandbox.files.list('/lie/million', { maxEntries: 1_000_000 }),
  'entries without an end': (sandbox) => sandbox.files.list('/lie/endless', { maxEntries: 1_000_000 }),
};

async function take(tell) {
  const sandbox = await manager.create();
  globalThis.gc();
  const before = process.memoryUsage.rss();
  let growthBytes = 0;
  let turns = 0;
  const timer = setInterval(() => {
    growthBytes = Math.max(growthBytes, process.memoryUsage.rss() - before);
    turns++;
  }, 10);
  const start = performance.now();
  const outcome = await tell(sandbox).then(
    (result) => result.cause ?? 'done',
    (error) => error.code,
  );
  const durationMs = performance.now() - start;
  growthBytes = Math.max(growthBytes, process.memoryUsage.rss() - before);
  clearInterval(timer);
  await sandbox.destroy();
  return { outcome, growthBytes, turns, durationMs };
}

try {
  const answers = {};
  for (const [name, tell] of Object.entries(lies)) answers[name] = await take(tell);
  process.stdout.write(JSON.stringify(answers));
} finally {
  await manager.close();
  await engine.close();
}
