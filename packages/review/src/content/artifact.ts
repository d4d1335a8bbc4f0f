import type { JsonValue } from './json-value.js';

/** One thing that waits for judgement, exactly as it is bound by the digest. */
export interface Artifact {
  /** `file_change`, `command_execution`, or a type of the caller's own. */
  readonly type: string;
  /** What was handed in, as frozen plain JSON. */
  readonly content: JsonValue;
}
