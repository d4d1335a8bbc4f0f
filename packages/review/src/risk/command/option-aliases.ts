/** Names of one and the same option: each row lists its letters and its long names. */
const aliases: ReadonlyMap<string, readonly (readonly string[])[]> = new Map([
  [
    'rm',
    [
      ['r', 'R', 'recursive'],
      ['f', 'force'],
    ],
  ],
  [
    'cp',
    [
      ['r', 'R', 'recursive'],
      ['f', 'force'],
    ],
  ],
  ['chmod', [['R', 'recursive']]],
  ['chown', [['R', 'recursive']]],
  ['chgrp', [['R', 'recursive']]],
  [
    'git',
    [
      ['f', 'force'],
      ['d', 'delete'],
    ],
  ],
]);

/** All names of an option of a command, itself included. GNU's long options may be cut short as long as they stay distinct. */
export function optionNames(command: string, option: string): readonly string[] {
  const row = aliases.get(command)?.find((names) => names.includes(option));
  return row ?? [option];
}

/** Says whether a long option as written is this name, or an abbreviation of it that getopt_long takes. */
export function isLongName(written: string, name: string): boolean {
  return written === name || (written.length >= 1 && name.length > 1 && name.startsWith(written));
}
