import { expect, it } from '@jest/globals';
import { toPrintable } from '../../../src/errors/to-printable.js';
import { FileOperationError, InvalidConfigError, ParacleError } from '../../../src/index.js';

it.each([
  ['plain text, ümlauts, 漢字, 👍', 'plain text, ümlauts, 漢字, 👍'],
  ['\u001b[2J\u0007', '\\u{1b}[2J\\u{7}'],
  ['a\nb\rc\td', 'a\\nb\\rc\\td'],
  ['\u009b31m\u007f', '\\u{9b}31m\\u{7f}'],
  ['\u202egnp.exe\u2066', '\\u{202e}gnp.exe\\u{2066}'],
  ['zero\u200bwidth\ufeff', 'zero\\u{200b}width\\u{feff}'],
  ['lines\u2028and\u2029more', 'lines\\u{2028}and\\u{2029}more'],
  ['half \ud800 of a pair', 'half \\u{d800} of a pair'],
  ['tag \u{e0041}', 'tag \\u{e0041}'],
])('makes %j harmless', (text, printable) => {
  expect(toPrintable(text)).toBe(printable);
});

it('cuts what is long', () => {
  expect(toPrintable('x'.repeat(1_000_000))).toBe(`${'x'.repeat(8192)}…`);
});

it('holds for the message of every error, whoever makes it', () => {
  expect(new ParacleError('CODE', 'a\u001b\nb').message).toBe('a\\u{1b}\\nb');
  expect(new FileOperationError('read', '/a\u001b[2J\n', 'ENOENT').message).toBe(
    'Could not read /a\\u{1b}[2J\\n in the sandbox: ENOENT',
  );
  const issues = [
    { path: 'a', message: 'first\nforged' },
    { path: 'b', message: 'second' },
  ];
  expect(new InvalidConfigError('options', issues).message).toBe('Invalid options:\n- first\\nforged\n- second');
});
