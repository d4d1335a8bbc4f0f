/** Writes one line: fields first, then a fixed message. */
export type LogWrite = (fields: Readonly<Record<string, unknown>>, message: string) => void;

/** What Paracle logs to. A pino logger satisfies it as it is. */
export interface Logger {
  /** Steps of the work. */
  debug: LogWrite;
  /** A change in something's life. */
  info: LogWrite;
  /** Unexpected, but handled. */
  warn: LogWrite;
  /** A failure that nobody above will hear of. */
  error: LogWrite;
  /** A logger that adds these fields to each line. */
  child(bindings: Readonly<Record<string, unknown>>): Logger;
}
