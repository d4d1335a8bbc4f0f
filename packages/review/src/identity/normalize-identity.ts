/**
 * The form in which two ids are compared: what looks alike but for case, width, spaces or invisible characters is one person.
 * Letters of different scripts stay different: names must come from credentials, not from text.
 */
export function normalizeIdentity(id: string): string {
  return id
    .normalize('NFKC')
    .replaceAll(/[\p{Default_Ignorable_Code_Point}\p{Cc}]/gu, '')
    .replaceAll(/\s+/gu, ' ')
    .trim()
    .toUpperCase()
    .toLowerCase()
    .normalize('NFKC');
}
