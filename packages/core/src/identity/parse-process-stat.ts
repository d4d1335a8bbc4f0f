/** The fields of `/proc/PID/stat` that identify a process. */
export interface ProcessStat {
  readonly pid: number;
  /** Clock ticks between boot and its start. */
  readonly startTime: string;
  readonly isZombie: boolean;
}

/**
 * Reads `/proc/PID/stat`. The second field is the program's name in parentheses and may hold spaces and parentheses,
 * so fields count from its last one.
 * @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: field 3 is the state, field 22 the start time
 */
export function parseProcessStat(text: string): ProcessStat | undefined {
  const pid = /^(\d+) \(/u.exec(text)?.[1];
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state] = fields;
  const startTime = fields[22 - 3];
  if (pid === undefined || state === undefined || startTime === undefined || !/^\d+$/u.test(startTime))
    return undefined;
  return { pid: Number(pid), startTime, isZombie: state === 'Z' || state === 'X' || state === 'x' };
}
