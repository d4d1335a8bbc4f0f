import type { TypedEmitter } from '@paracle/core';
import type { ReviewRecord } from '../decision/review-record.js';
import type { ReviewEvent, ReviewEvents } from './review-events.js';

function toEvent(record: ReviewRecord, atMs: number): ReviewEvent {
  const { id, artifactId, artifactType, sandboxId, changeSetId } = record;
  return {
    at: new Date(atMs),
    reviewId: id,
    artifactId,
    artifactType,
    ...(sandboxId === undefined ? {} : { sandboxId }),
    ...(changeSetId === undefined ? {} : { changeSetId }),
  };
}

/** Tells what differs between two states of a record; without a former one, that it was requested. */
export function emitChanges(
  emitter: TypedEmitter<ReviewEvents>,
  before: ReviewRecord | undefined,
  after: ReviewRecord,
  nowMs: number,
): void {
  const event = toEvent(after, nowMs);
  const { status, reason, application } = after;
  if (before === undefined) emitter.emit('review-requested', { ...event, risk: after.risk.level });
  if (status !== (before?.status ?? 'pending')) {
    emitter.emit('review-decided', { ...event, status, ...(reason === undefined ? {} : { reason }) });
  }
  if (application.status === (before?.application.status ?? 'none')) return;
  const { claimId } = application;
  emitter.emit('application-changed', {
    ...event,
    application: application.status,
    ...(claimId === undefined ? {} : { claimId }),
  });
}
