import type { Sandbox } from '../../../src/index.js';

/** One process of a sandbox, seen from inside. */
export interface SeenProcess {
  readonly pid: number;
  readonly parent: number;
  readonly state: string;
  /** In clock ticks since boot: tells a reused process id apart. */
  readonly startTime: string;
  readonly uid: number;
  readonly name: string;
}

/** Field 3 is the state, 4 the parent, 22 the start time; they count from the last `)`. */
const LIST = `
import os
for pid in filter(str.isdigit, os.listdir('/proc')):
    try:
        text = open(f'/proc/{pid}/stat').read()
        uid = os.stat(f'/proc/{pid}').st_uid
    except OSError:
        continue
    name = text[text.index('(') + 1:text.rindex(')')]
    fields = text[text.rindex(')') + 2:].split()
    if int(pid) != os.getpid() and int(pid) != os.getppid():
        print(pid, fields[1], fields[0], fields[19], uid, name)
`;

/** All processes of a sandbox, dead ones that nobody collected included; without the listing's own two. */
export async function listProcesses(sandbox: Sandbox): Promise<readonly SeenProcess[]> {
  const { stdout } = await sandbox.execute(['python3', '-c', LIST], { check: true });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [pid, parent, state = '', startTime = '', uid, ...name] = line.split(' ');
      return { pid: Number(pid), parent: Number(parent), state, startTime, uid: Number(uid), name: name.join(' ') };
    });
}
