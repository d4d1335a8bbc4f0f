import type { CallOptions, Engine, Logger } from '@paracle/core';
import { parseRange } from '../addresses/parse-range.js';
import type { TakenSubnet } from '../errors/isolation-errors.js';
import { Guard } from './guard.js';

/** What the engine's host has on its network: nothing of it may be reached or given away. */
export interface HostSurvey {
  readonly addresses: readonly string[];
  readonly routes: readonly TakenSubnet[];
}

/** Asks the engine's host, which need not be this one, from a container in its network namespace that may change nothing. */
export async function surveyHost(
  engine: Engine,
  options: CallOptions & { readonly logger: Logger },
): Promise<HostSurvey> {
  const guard = await Guard.start(engine, { ...options, networkMode: 'host', canLoadRules: false });
  try {
    const lines = (await guard.look('host')).split('\n').map((line) => line.split(' '));
    return {
      addresses: unique(lines.flatMap(([kind, address]) => (kind === 'address' ? toAddresses(address) : []))),
      routes: lines.flatMap(([kind, subnet, device]) => {
        const isRoute = kind === 'route' && subnet !== undefined && !('problem' in parseRange(subnet));
        return isRoute ? [{ subnet, holder: `route by ${device ?? 'an interface'}` }] : [];
      }),
    };
  } finally {
    await guard.close();
  }
}

/** Without those that mean each machine itself, in its namespace. */
function toAddresses(text: string | undefined): readonly string[] {
  if (text === undefined || 'problem' in parseRange(text)) return [];
  return text.startsWith('127.') || text === '::1' ? [] : [text];
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)];
}
