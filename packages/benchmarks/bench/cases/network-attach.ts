import { NetworkIsolator, type NetworkPolicy } from '@paracle/isolation';
import { median, percentile } from '../measure/percentile.js';
import { timeMs } from '../measure/time.js';
import { LIMITS } from '../peers/plain-container.js';
import { formatMs, formatRatio } from '../table/format-quantity.js';
import type { Row } from '../table/row.js';
import type { Benchmark, BenchmarkContext } from './benchmark-context.js';

const ROUNDS = 6;
const PAIRS = 6;
const LARGE_POLICIES = 5;
const LARGE_POLICY_CIDRS = 5000;
const ATTACH_MS = 80;
const REFUSAL_MS = 5;
const LARGE_POLICY_MS = 250;

/** What a program waits for its refusal, in milliseconds, a line each. */
const REFUSALS = `
import socket, time
for _ in range(200):
    start = time.perf_counter()
    try:
        socket.create_connection(('192.0.2.1', 80))
    except OSError:
        print((time.perf_counter() - start) * 1000)
`;

/** 5,000 CIDRs that are not side by side, so that none can be merged with another. */
function largePolicy(round: number): NetworkPolicy {
  const blockedIps = Array.from({ length: LARGE_POLICY_CIDRS }, (_value, index) => {
    return `${20 + round}.${index >> 7}.${(index & 127) << 1}.0/24`;
  });
  return { allowIntraNetwork: true, blockedIps };
}

interface Pairs {
  readonly ours: number[];
  readonly theirs: number[];
}

const newPairs = (): Pairs => ({ ours: [], theirs: [] });

function compare(what: string, { ours, theirs }: Pairs): Omit<Row, 'target' | 'isMet'> {
  return {
    what,
    ours: formatMs(median(ours)),
    other: formatMs(median(theirs)),
    ratio: formatRatio(median(ours) / median(theirs)),
  };
}

async function run({ manager, docker }: BenchmarkContext): Promise<readonly Row[]> {
  await using isolator = new NetworkIsolator({ engine: manager.engine });
  const network = await isolator.createNetwork({ policy: { allowIntraNetwork: true } });
  const plain = await docker.createNetwork({ Name: `paracle-bench-${process.pid}`, Internal: true });
  try {
    const first = newPairs();
    const again = newPairs();
    for (let round = 0; round < ROUNDS; round++) {
      await using ours = await manager.create(LIMITS);
      await using theirs = await manager.create(LIMITS);
      await Promise.all([
        isolator.prepare(ours),
        docker.getNetwork('none').disconnect({ Container: theirs.container.id }),
      ]);
      for (let pair = 0; pair < PAIRS; pair++) {
        const samples = pair === 0 ? first : again;
        samples.ours.push(await timeMs(() => isolator.attachContainer(ours, network.id)));
        samples.theirs.push(await timeMs(() => plain.connect({ Container: theirs.container.id })));
        await isolator.detachContainer(ours);
        await plain.disconnect({ Container: theirs.container.id });
      }
    }
    await using ours = await manager.create({ ...LIMITS, networkMode: network.id });
    const { stdout } = await ours.execute(['python3', '-c', REFUSALS]);
    const refusals = stdout.trim().split('\n').map(Number);
    const large: number[] = [];
    for (let round = 0; round < LARGE_POLICIES; round++) {
      large.push(await timeMs(() => isolator.updatePolicy(network.id, largePolicy(round))));
    }
    return [
      {
        ...compare('attach with a policy, guard at hand, vs dockerode network connect, p50', again),
        target: `<= ${ATTACH_MS} ms`,
        isMet: median(again.ours) <= ATTACH_MS,
      },
      { ...compare('the same for the first time in a life, when the engine sets up its resolver', first), target: '' },
      {
        what: 'a refusal reaches the program, p50 / p99',
        ours: `${formatMs(median(refusals))} / ${formatMs(percentile(refusals, 0.99))}`,
        other: '',
        ratio: '',
        target: `<= ${REFUSAL_MS} ms`,
        isMet: percentile(refusals, 0.99) <= REFUSAL_MS,
      },
      {
        what: 'a policy of 5,000 CIDRs takes the place of another, proof included, p50',
        ours: formatMs(median(large)),
        other: '',
        ratio: '',
        target: `<= ${LARGE_POLICY_MS} ms`,
        isMet: median(large) <= LARGE_POLICY_MS,
      },
    ];
  } finally {
    await plain.remove();
  }
}

/** What a network with a policy costs. */
export const networkAttach: Benchmark = { name: 'network', run };
