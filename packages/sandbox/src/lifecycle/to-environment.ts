/** What programs are looked up on where the image doesn't say. */
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The image's variables, and on top what is added. */
export function toEnvironment(
  image: readonly string[],
  added: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const pairs = image.map((entry): [string, string] => {
    const at = entry.indexOf('=');
    return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
  });
  return { PATH: DEFAULT_PATH, ...Object.fromEntries(pairs), ...added };
}
