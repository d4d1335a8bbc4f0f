/** One line of the table: what was measured on both sides, and whether that is enough. */
export interface Row {
  readonly what: string;
  readonly ours: string;
  /** What the other side took; empty where there is none to compare with. */
  readonly other: string;
  readonly ratio: string;
  readonly target: string;
  /** Absent where the line only informs. */
  readonly isMet?: boolean;
}
