/**
 * The steps of an apply, its undo and its recovery. Each is reported right after it was done; a crash test kills at each.
 * Up to `journal-written` recovery throws the attempt away, from `committed` on it completes it, from `undo-started` on it undoes it.
 */
export const APPLY_STEPS = [
  'locked',
  'checked',
  'staging-made',
  'entry-backed-up',
  'entry-staged',
  'staged',
  'journal-written',
  'committed',
  'directory-opened',
  'entry-removed',
  'directory-made',
  'entry-placed',
  'mode-set',
  'applied',
  'undo-started',
  'entry-restored',
  'restored',
  'finished',
  'cleaned',
] as const;

/** One of {@link APPLY_STEPS}. */
export type ApplyStep = (typeof APPLY_STEPS)[number];
