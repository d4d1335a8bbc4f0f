import { toPrintable } from '@paracle/core';
import { createTwoFilesPatch } from 'diff';
import type { FileChange } from './file-change.js';

const NUL = 0;
const SNIFFED_BYTES = 8000;

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
  const patch = createTwoFilesPatch(oldName, newName, toText(contents.before), toText(contents.after), '', '', {
    context: 3,
  });
  // The library's own first line is a rule of "=".
  return header + patch.replace(/^=+\n/u, '');
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
