import { type Counters, readCounters } from './counters.js';
import { END_CAUSES, type EndCause, EXITED_FLAG } from './protocol.js';
import type { PayloadReader } from './wire.js';

/** @see signal(7): 1 to 64, real-time signals included */
const MAX_SIGNAL = 64;

/** What the supervisor saw of an execution that ended. */
export interface ExitReport {
  /** Why the supervisor ended it; `none` where it ended by itself. */
  readonly endedBy: EndCause;
  /** Exit code of the leader, absent where it has none. */
  readonly exitCode?: number;
  /** Number of the signal that ended the leader. */
  readonly signalNumber?: number;
  /** Whether the supervisor had sent SIGKILL before the leader ended. */
  readonly wasKilledBySupervisor: boolean;
  /** Whether another execution ran in the sandbox meanwhile, so that counters can't be told apart. */
  readonly wasShared: boolean;
  /** Whether processes of it were left running on purpose. */
  readonly hasBackground: boolean;
  /** Processes that not even SIGKILL ended in time. */
  readonly survivorCount: number;
  readonly durationMs: number;
  readonly userCpuMs: number;
  readonly systemCpuMs: number;
  /** The most memory that the largest single process of it had, in bytes. */
  readonly peakProcessBytes: number;
  /** The sandbox's counters before and after. */
  readonly before: Counters;
  readonly after: Counters;
}

/** Reads an `exited` frame; one that can't be true is a `RangeError`. */
export function readExitReport(reader: PayloadReader): ExitReport {
  const cause = END_CAUSES[reader.u8()];
  if (cause === undefined) throw new RangeError('unknown cause of an end');
  const flags = reader.u8();
  const exitCode = reader.u8();
  const signalNumber = reader.u8();
  const hasCode = (flags & EXITED_FLAG.code) !== 0;
  const hasSignal = (flags & EXITED_FLAG.signal) !== 0;
  if (hasCode && hasSignal) throw new RangeError('an end by exit and by a signal');
  if (hasSignal && (signalNumber === 0 || signalNumber > MAX_SIGNAL)) throw new RangeError(`signal ${signalNumber}`);
  return {
    endedBy: cause,
    ...(hasCode && { exitCode }),
    ...(hasSignal && { signalNumber }),
    wasKilledBySupervisor: (flags & EXITED_FLAG.bySupervisor) !== 0,
    wasShared: (flags & EXITED_FLAG.shared) !== 0,
    hasBackground: (flags & EXITED_FLAG.background) !== 0,
    survivorCount: reader.u32(),
    durationMs: reader.size() / 1e6,
    userCpuMs: reader.size() / 1e3,
    systemCpuMs: reader.size() / 1e3,
    peakProcessBytes: reader.size(),
    before: readCounters(reader),
    after: readCounters(reader),
  };
}
