import type { DenialReason } from '../../../src/index.js';
import type { Observation } from '../support/network-lab.js';
import { type EngineAttempt, PLACEHOLDERS } from './engine-attempt.js';

/** All that the attempt was for; `address` is where it goes, as the kernel has it. */
export function didArrive(attempt: EngineAttempt, address: string, { isAnswered, packets }: Observation): boolean {
  return isTwoWay(attempt) ? isAnswered : packets.some(({ from, to }) => to === address && isChosen(attempt, from));
}

/** Anything at all. */
export function hasEffect(attempt: EngineAttempt, { isAnswered, packets, isHeard }: Observation): boolean {
  return (isTwoWay(attempt) && isAnswered) || packets.length > 0 || isHeard;
}

/** Whether it is a connection of TCP that the kernel should have refused, rather than a socket that nobody may have. */
export function isConnection({ act, as, isInbound = false }: EngineAttempt): boolean {
  return (
    (act.kind === 'tcp' || (act.kind === 'dns' && act.byTcp === true)) &&
    isOutbound(as, isInbound) &&
    act.oneWay !== true
  );
}

/** What the journal should say; nothing of what was never sent. */
export function expectedReason({
  act,
  as,
  reason,
  journaledAddress = act.to,
}: EngineAttempt): DenialReason | undefined {
  if (as === 'raw' || reason === undefined) return undefined;
  return journaledAddress.includes(':') ? 'family' : reason;
}

/** A source that the attempt names must have come through as it is. */
function isChosen({ act: { from } }: EngineAttempt, source: string): boolean {
  return from === undefined || from === PLACEHOLDERS.sandbox || from === source;
}

function isOutbound(as: EngineAttempt['as'], isInbound: boolean): boolean {
  return as !== 'raw' && !isInbound;
}

/** What is only sent has no answer: the packets that arrived are the proof. */
function isTwoWay({ act }: EngineAttempt): boolean {
  return act.oneWay !== true && !['raw', 'packet', 'frame'].includes(act.kind);
}
