/** One thing that was looked at. */
export interface DoctorFinding {
  /** Stable name: `memory-limit`. */
  readonly id: string;
  /** `warning` weakens a protection or a comfort; `problem` means that something can't be had or isn't safe. */
  readonly status: 'ok' | 'warning' | 'problem';
  readonly title: string;
  /** What it means, in plain words. */
  readonly explanation: string;
  /** What to do about it. */
  readonly remedy?: string;
}

/** What an engine can and can't guarantee. */
export interface DoctorReport {
  /** The worst status of all findings. */
  readonly status: DoctorFinding['status'];
  /** The engine in a few words; absent if none answered. */
  readonly engine?: string;
  readonly findings: readonly DoctorFinding[];
}
