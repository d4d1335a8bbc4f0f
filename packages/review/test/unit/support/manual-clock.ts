/** A clock that stands still until it is moved. */
export interface ManualClock {
  readonly now: () => number;
  readonly advanceHours: (hours: number) => void;
}

/** Makes a clock that starts at a fixed time. */
export function manualClock(): ManualClock {
  let nowMs = Date.UTC(2026, 0, 5);
  return {
    now: () => nowMs,
    advanceHours: (hours) => {
      nowMs += hours * 3_600_000;
    },
  };
}
