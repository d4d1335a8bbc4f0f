/** A chain of the table, rule by rule. */
export interface Chain {
  readonly name: string;
  readonly rules: readonly string[];
}
