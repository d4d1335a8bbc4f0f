import { reviewErrorCodes } from '../errors/review-error-codes.js';
import { ReviewInputError } from '../errors/review-refusal-errors.js';

/** The cursor that continues after a position. */
export function toCursor(position: number): string {
  return Buffer.from(`r1:${position}`).toString('base64url');
}

/**
 * The position in a cursor.
 *
 * @throws ReviewInputError `PARACLE_REVIEW_CURSOR_INVALID`
 */
export function parseCursor(cursor: string): number {
  const position = /^r1:(\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString('utf8'))?.[1];
  if (position !== undefined) return Number(position);
  throw new ReviewInputError(
    reviewErrorCodes.cursorInvalid,
    'Expected a cursor that listReviews() returned, found something else.',
    'Pass `nextCursor` of the page before, unchanged, or none for the first page.',
  );
}
