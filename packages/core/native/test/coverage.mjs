/** How much of what reads untrusted input was run, as gcov counts lines. */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { basename } from 'node:path';

/** The functions that see bytes from outside first; `undefined`: all of the file. */
const PARSERS = {
  'wire.c': undefined,
  'connection.c': ['greet', 'dispatch', 'dispatch_order', 'handle_frames', 'on_readable'],
  'launch.c': ['read_strings', 'is_root', 'read_size', 'execution_start', 'execution_resize'],
  'streams.c': ['execution_credit', 'execution_stdin', 'execution_stdin_end'],
  'execution.c': ['execution_on_report'],
  'files.c': ['files_open_parent', 'read_attributes', 'begin_write', 'serve', 'dispatch', 'files_run'],
  'xattrs.c': ['set_all'],
};
const LEAST_PERCENT = 95;

/** Reads the counts that programs left in a directory; rejects where a file's parsers were run too little. */
export function checkCoverage(directory) {
  const functions = readFunctions(directory);
  const rows = Object.entries(PARSERS).flatMap(([file, names]) => {
    const wanted = names ?? [...functions.values()].filter((entry) => entry.file === file).map((entry) => entry.name);
    const found = wanted.map((name) => functions.get(`${file} ${name}`) ?? missing(file, name));
    const counted = found.map(({ name, lines }) => [file, name, countRun(lines), lines.size]);
    const sum = (column) => counted.reduce((total, row) => total + row[column], 0);
    return [...counted, [file, '(parsers)', sum(2), sum(3)]];
  });
  const table = rows.map(([file, name, run, all]) => {
    return `${file.padEnd(13)} ${name.padEnd(21)} ${`${run}/${all}`.padStart(7)} ${percent(run, all).padStart(6)} %`;
  });
  const poor = rows.filter(([, name, run, all]) => name === '(parsers)' && run * 100 < all * LEAST_PERCENT);
  if (poor.length > 0) {
    const files = poor.map(([file]) => file).join(', ');
    throw new Error(
      `${table.join('\n')}\nExpected ${LEAST_PERCENT} % of the parsers' lines to be run by the corpus, found less in ${files}.`,
    );
  }
  return table.join('\n');
}

function readFunctions(directory) {
  const counts = readdirSync(directory).filter((name) => name.endsWith('.gcda'));
  const output = execFileSync('gcov', ['--json-format', '--stdout', ...counts], {
    cwd: directory,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const functions = new Map();
  for (const report of output.split('\n').filter(Boolean)) {
    for (const { file, functions: inFile, lines } of JSON.parse(report).files) {
      for (const { name, start_line: first, end_line: last } of inFile) {
        const key = `${basename(file)} ${name}`;
        const entry = functions.get(key) ?? { file: basename(file), name, lines: new Map() };
        functions.set(key, entry);
        for (const { line_number: line, count } of lines) {
          if (line >= first && line <= last) entry.lines.set(line, (entry.lines.get(line) ?? 0) + count);
        }
      }
    }
  }
  return functions;
}

const countRun = (lines) => [...lines.values()].filter((count) => count > 0).length;
const percent = (run, all) => ((100 * run) / all).toFixed(1);

function missing(file, name) {
  throw new Error(`Expected the function ${name} in ${file}, found none. Was it renamed? Then rename it here too.`);
}
