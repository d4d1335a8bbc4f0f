import type { Row } from './row.js';

const HEADINGS = ['what', 'ours', 'the other', 'ratio', 'target', 'met'];

function toCells(row: Row): string[] {
  const met = row.isMet === undefined ? '' : row.isMet ? 'yes' : 'NO';
  return [row.what, row.ours, row.other, row.ratio, row.target, met];
}

/** Lays rows out in columns as wide as their longest cell. */
export function formatTable(rows: readonly Row[]): string {
  const lines = [HEADINGS, ...rows.map(toCells)];
  const widths = HEADINGS.map((_heading, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
  const rule = widths.map((width) => '-'.repeat(width));
  return [lines[0] ?? [], rule, ...lines.slice(1)]
    .map((cells) =>
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
