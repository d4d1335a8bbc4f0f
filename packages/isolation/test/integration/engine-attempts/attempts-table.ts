import { readFile, writeFile } from 'node:fs/promises';
import { attemptClasses, type Outcome } from './engine-attempt.js';

const README = new URL('../../../README.md', import.meta.url);
const BEGIN = '<!-- attempts: written by test/integration/engine-attempts.test.ts -->\n';
const END = '<!-- /attempts -->';

/** The outcomes by class, as the README has them. */
export function formatAttemptsTable(outcomes: readonly Outcome[]): string {
  const rows = Object.entries(attemptClasses).map(([name, title]) =>
    formatRow(
      title,
      outcomes.filter((outcome) => outcome.class === name),
    ),
  );
  const head = ['| attempt class | attempts | without the policy | with it |', '|---|---|---|---|'];
  return `${[...head, ...rows, formatRow('all', outcomes)].join('\n')}\n`;
}

/** The table in the README; `PARACLE_UPDATE_TABLES=1` puts the new one there first. */
export async function readAttemptsTable(table: string): Promise<string> {
  const readme = await readFile(README, 'utf8');
  const [before = '', rest = ''] = readme.split(BEGIN);
  const [written = '', after = ''] = rest.split(END);
  if (process.env['PARACLE_UPDATE_TABLES'] !== '1') return written;
  await writeFile(README, `${before}${BEGIN}${table}${END}${after}`);
  return table;
}

function formatRow(title: string, outcomes: readonly Outcome[]): string {
  const without = outcomes.filter(({ isThroughWithout }) => isThroughWithout).length;
  const under = outcomes.filter(({ isThroughWith }) => isThroughWith).length;
  return `| ${title} | ${outcomes.length} | ${without} got through | ${under === 0 ? 'none' : `${under} got through`} |`;
}
