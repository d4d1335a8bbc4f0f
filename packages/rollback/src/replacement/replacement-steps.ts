/**
 * What a replacement does, in this order. Up to `set_aside` the old container is as it was, and whoever recovers leaves it
 * like that; from then on the replacement is finished, or where it can't be, the old one put back, by the last three
 * before `close`.
 */
export const replacementSteps = [
  'record',
  'save',
  'create',
  'connect',
  'set_aside',
  'stop',
  'take_name',
  'start',
  'attach',
  'verify',
  'remove',
  'discard',
  'restart',
  'give_back',
  'close',
] as const;

/** One of {@link replacementSteps}. */
export type ReplacementStep = (typeof replacementSteps)[number];
