import { readFile, writeFile } from 'node:fs/promises';
import { expect, it } from '@jest/globals';
import { Engine } from '@paracle/core';
import { PrivateEngine } from '@paracle/test-support';
import {
  ExecutionError,
  type ExecutionResult,
  type SandboxConfig,
  type SandboxGuarantees,
  SandboxManager,
} from '../../src/index.js';

/** One limit by one mechanism, and a command that goes beyond it. */
interface Row {
  readonly option: string;
  readonly mechanism: string;
  readonly config: SandboxConfig;
  readonly onBtrfs?: boolean;
  readonly shows: readonly Exclude<keyof SandboxGuarantees, 'mounts' | 'privileges' | 'weaknesses'>[];
  readonly command: readonly string[];
  /** The same command has to end well with this instead; absent where there is no such sandbox. */
  readonly without?: SandboxConfig;
  readonly maxOutputBytes?: number;
}

const README = new URL('../../README.md', import.meta.url);
const BEGIN = '<!-- limits: written by test/integration/limits-table.test.ts -->\n';
const END = '<!-- /limits -->';
const MEBIBYTE = 1024 * 1024;

/** Prints the error that ends a program, and fails. */
const python = (...lines: readonly string[]): readonly string[] => [
  'python3',
  '-Sc',
  [
    'import errno, os, sys',
    'try:',
    ...lines.map((line) => `  ${line}`),
    'except OSError as error:',
    '  sys.exit(print(errno.errorcode[error.errno]) or 1)',
  ].join('\n'),
];

const fill = (directory: string): readonly string[] =>
  python(
    `with open("${directory}/file", "wb", 0) as file:`,
    '  for n in range(96): file.write(os.urandom(1 << 20)); os.fsync(file)',
  );

const ROWS: readonly Row[] = [
  {
    option: '`memoryMb: 64`',
    mechanism: 'control group, swap pinned to it',
    config: { memoryMb: 64 },
    shows: ['memory', 'swap'],
    command: python('bytearray(b"x") * (128 << 20)'),
    without: { memoryMb: 256 },
  },
  {
    option: '`cpuCores: 0.2`',
    mechanism: 'CFS quota',
    config: { cpuCores: 0.2 },
    shows: ['cpu'],
    command: python(
      'for n in range(10 ** 7): pass',
      'text = "".join(open(f).read() for f in ["/sys/fs/cgroup/cpu/cpu.stat", "/sys/fs/cgroup/cpu.stat"] if os.path.exists(f))',
      'if "nr_throttled 0\\n" not in text: sys.exit(print("throttled"))',
    ),
    without: { cpuCores: 1.5 },
  },
  {
    option: '`pidsLimit: 16`',
    mechanism: 'control group',
    config: { pidsLimit: 16 },
    shows: ['pids'],
    command: python(
      'for n in range(32):',
      '  if os.fork() == 0: os.pause() if hasattr(os, "pause") else __import__("signal").pause()',
    ),
    without: {},
  },
  {
    option: '`timeoutSeconds: 1`',
    mechanism: 'the supervisor inside',
    config: { timeoutSeconds: 1 },
    shows: ['time'],
    command: ['sleep', '2'],
    without: {},
  },
  {
    option: '`diskMb: 32`',
    mechanism: 'quota of the storage driver (btrfs)',
    config: { diskMb: 32 },
    onBtrfs: true,
    shows: ['disk'],
    command: fill('/var/tmp'),
    without: {},
  },
  {
    option: "`diskMb: 32, diskEnforcement: 'tmpfs'`",
    mechanism: 'read-only root, files in memory of a fixed size and number',
    config: { diskMb: 32, diskEnforcement: 'tmpfs' },
    shows: ['disk', 'memory'],
    command: fill('/workspace'),
    without: {},
  },
  {
    option: '`readOnlyFilesystem: true`',
    mechanism: 'the same, 256 MiB unless `diskMb` says otherwise',
    config: { readOnlyFilesystem: true },
    shows: ['disk', 'memory'],
    command: fill('/var/tmp'),
    without: {},
  },
  {
    option: "`diskMb: 32, diskEnforcement: 'soft'`",
    mechanism: 'a watchdog that looks twice a second',
    config: { diskMb: 32, diskEnforcement: 'soft', environment: { WAIT: '60' } },
    shows: ['disk'],
    command: ['sh', '-c', 'head -c 96M /dev/zero > file; sleep ${WAIT:-0}'],
    without: {},
  },
  { option: 'no `diskMb`', mechanism: 'none', config: {}, shows: ['disk'], command: fill('/var/tmp') },
  {
    option: "`networkMode: 'none'`",
    mechanism: 'a network namespace with loopback alone',
    config: { networkMode: 'none' },
    shows: ['network'],
    command: python('import socket', 'socket.create_connection(("192.0.2.1", 80), 5)'),
  },
  {
    option: '`ulimits: { nofile: 256 }`',
    mechanism: 'setrlimit(2)',
    config: { ulimits: { nofile: 256 } },
    shows: [],
    command: python('files = [open("/dev/null") for n in range(300)]'),
    without: { ulimits: { nofile: 1024 } },
  },
  {
    option: "`maxOutputBytes` with `onOutputLimit: 'kill'`",
    mechanism: 'the controller, by credit',
    config: {},
    shows: [],
    command: ['head', '-c', '64K', '/dev/zero'],
    maxOutputBytes: 1024,
  },
];

async function run(
  manager: SandboxManager,
  config: SandboxConfig,
  row: Row,
): Promise<{ result: ExecutionResult; guarantees: SandboxGuarantees }> {
  await using sandbox = await manager.create(config);
  const { guarantees } = sandbox;
  const limit =
    row.maxOutputBytes === undefined ? {} : ({ maxOutputBytes: row.maxOutputBytes, onOutputLimit: 'kill' } as const);
  try {
    return { guarantees, result: await sandbox.execute(row.command, limit) };
  } catch (error) {
    if (error instanceof ExecutionError) return { guarantees, result: error.result };
    throw error;
  }
}

function describeFact(name: string, value: unknown): string {
  if (!name.endsWith('Bytes')) return String(value);
  return `${(Number(value) / MEBIBYTE).toFixed(0)} MiB${name === 'reservedForFilesBytes' ? ' of it for files' : ''}`;
}

function describeGuarantees(guarantees: SandboxGuarantees, { shows }: Row): string {
  const entries = shows.map((limit) => {
    const facts = Object.entries(guarantees[limit]).filter(([name]) => name !== 'parts' && name !== 'mode');
    return `\`${limit}\`: ${facts.map(([name, value]) => describeFact(name, value)).join(', ')}`;
  });
  return entries.length === 0 ? '–' : entries.join('; ');
}

function describeEnd({ cause, exitCode, stdout, limitsHit }: ExecutionResult): string {
  const word = cause === 'output' ? '' : stdout.trim();
  const parts = [
    word === '' ? [] : [`\`${word}\``],
    cause === 'exited' ? [] : [`cause \`${cause}\``],
    limitsHit.length === 0 ? [] : [`\`limitsHit\`: ${limitsHit.map(({ limit }) => limit).join(', ')}`],
  ].flat();
  return parts.length === 0 && exitCode === 0 ? 'ends well' : parts.join(', ');
}

/** The table in the README; `PARACLE_UPDATE_TABLES=1` puts the new one there first. */
async function readTable(table: string): Promise<string> {
  const readme = await readFile(README, 'utf8');
  const [before = '', rest = ''] = readme.split(BEGIN);
  const [written = '', after = ''] = rest.split(END);
  if (process.env['PARACLE_UPDATE_TABLES'] !== '1') return written;
  await writeFile(README, `${before}${BEGIN}${table}${END}${after}`);
  return table;
}

it('enforces each limit as the table in the README says, and is what stops the command', async () => {
  await using machine = await PrivateEngine.boot(Engine, { filesystem: 'btrfs' });
  await using btrfs = new Engine({ endpoint: machine.endpoint });
  await using onBtrfs = new SandboxManager({ engine: btrfs });
  await using manager = new SandboxManager();
  const lines = ['| option | mechanism | `guarantees` | a command that goes beyond |', '|---|---|---|---|'];
  for (const row of ROWS) {
    const place = row.onBtrfs === true ? onBtrfs : manager;
    const { result, guarantees } = await run(place, row.config, row);
    lines.push(
      `| ${row.option} | ${row.mechanism} | ${describeGuarantees(guarantees, row)} | ${describeEnd(result)} |`,
    );
    if (row.without === undefined) continue;
    const unlimited = await run(place, row.without, row);
    expect([row.option, describeEnd(unlimited.result)]).toEqual([row.option, 'ends well']);
  }
  const table = `${lines.join('\n')}\n`;
  expect(await readTable(table)).toBe(table);
}, 300_000);
