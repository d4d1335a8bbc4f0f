import { toPrintable } from '@paracle/core';
import { formatPatch as formatHunks, type StructuredPatch, structuredPatch } from 'diff';
import type { FileChange } from './file-change.js';

const NUL = 0;
const SNIFFED_BYTES = 8000;
/** Lines that differ, above which no shorter way is looked for: that takes the square of their number. */
const MAX_EDIT_LENGTH = 2000;

/** A change as a unified diff for people; binary contents are told by digest and size. */
export function formatPatch(
  change: FileChange,
  contents: { readonly before?: Uint8Array; readonly after?: Uint8Array },
): string {
  const { path, before, after } = change;
  const oldName = before === undefined ? '/dev/null' : `a/${path}`;
  const newName = after === undefined ? '/dev/null' : `b/${path}`;
  const header = describeState(change);
  if (isBinary(contents.before) || isBinary(contents.after)) {
    return `${header}Binary: ${before?.digest ?? 'none'} (${before?.sizeBytes ?? 0} bytes) -> ${after?.digest ?? 'none'} (${after?.sizeBytes ?? 0} bytes)\n`;
  }
  const patch = findPatch([oldName, newName], toText(contents.before), toText(contents.after));
  // The library's own first line is a rule of "=".
  return header + formatHunks(patch).replace(/^=+\n/u, '');
}

/** Texts that hardly have anything in common are told as all of the one, then all of the other. */
function findPatch(names: readonly [string, string], before: string, after: string): StructuredPatch {
  const compare = (old: string, found: string): StructuredPatch =>
    structuredPatch(...names, old, found, '', '', { context: 3 });
  if (before === '' || after === '') return compare(before, after);
  const options = { context: 3, maxEditLength: MAX_EDIT_LENGTH };
  return structuredPatch(...names, before, after, '', '', options) ?? join(compare(before, ''), compare('', after));
}

function join(gone: StructuredPatch, made: StructuredPatch): StructuredPatch {
  const sum = (patch: StructuredPatch, field: 'oldLines' | 'newLines'): number =>
    patch.hunks.reduce((total, hunk) => total + hunk[field], 0);
  const lines = [...gone.hunks, ...made.hunks].flatMap((hunk) => hunk.lines);
  const counts = { oldLines: sum(gone, 'oldLines'), newLines: sum(made, 'newLines') };
  return { ...gone, hunks: [{ oldStart: 1, newStart: 1, ...counts, lines }] };
}

function describeState({ path, before, after }: FileChange): string {
  const lines = [];
  if (before !== undefined && after !== undefined && before.mode !== after.mode) {
    lines.push(`mode of ${toPrintable(path)}: ${before.mode.toString(8)} -> ${after.mode.toString(8)}\n`);
  }
  if (before?.target !== after?.target)
    lines.push(
      `link ${toPrintable(path)}: ${toPrintable(before?.target ?? 'none')} -> ${toPrintable(after?.target ?? 'none')}\n`,
    );
  return lines.join('');
}

function isBinary(contents: Uint8Array | undefined): boolean {
  return contents?.subarray(0, SNIFFED_BYTES).includes(NUL) === true;
}

function toText(contents: Uint8Array | undefined): string {
  return contents === undefined ? '' : Buffer.from(contents).toString('utf8');
}
