import type { Attempt } from '../attempts/attempt.js';
import { destinationAttempts } from '../attempts/destinations.js';
import { formAttempts } from '../attempts/forms.js';
import type { AttemptClass, EngineAttempt } from './engine-attempt.js';

/** Those of the namespaces' attempts that must be stopped; the host has other addresses here. */
export const reusedAttempts: readonly EngineAttempt[] = [...destinationAttempts, ...formAttempts]
  .filter(({ isAllowed, reason }) => isAllowed !== true && reason !== 'host')
  .map((attempt) => ({ ...withoutNeedlessRights(attempt), class: classOf(attempt) }));

/** Engines let everybody bind low ports. */
function withoutNeedlessRights(attempt: Attempt): Attempt {
  const { as, ...rest } = attempt;
  return as === undefined || isRaw(attempt) ? attempt : rest;
}

function isRaw({ act, as }: Attempt): boolean {
  return as === 'raw' && (!['tcp', 'udp'].includes(act.kind) || act.ipv6Headers !== undefined);
}

function classOf(attempt: Attempt): AttemptClass {
  const { act, reason, isInbound = false, journaledAddress } = attempt;
  if (isInbound) return 'inbound';
  if (isRaw(attempt)) return 'raw';
  if (journaledAddress !== undefined) return 'spelling';
  if (act.to.includes(':')) return 'ipv6';
  if (act.port === 53) return 'dns';
  if (act.oneWay === true) return 'groups';
  switch (reason) {
    case 'blocked':
    case 'metadata':
    case 'special':
    case 'neighbour':
      return reason;
    default:
      return reason === 'packet' || act.sourcePort !== undefined ? 'forms' : 'internet';
  }
}
