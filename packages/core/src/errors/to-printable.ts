const MAX_LENGTH = 8192;
const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * Text as one harmless line: file names and whatever else comes out of a sandbox may hold bytes that a
 * terminal obeys, that turn the direction of writing, or that forge a line of a log. Long text is cut.
 */
export function toPrintable(text: string): string {
  const kept = text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text;
  return kept.replaceAll(
    /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu,
    (character) => SHORT[character] ?? `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`,
  );
}
