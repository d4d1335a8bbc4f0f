/** A path as the names it consists of, after `.`, `..`, separators and case are out of the way. */
export interface PathSegments {
  readonly segments: readonly string[];
  /** Whether it climbs out of the directory it starts in, to a place that is not known. */
  readonly leavesBase: boolean;
  /** Whether it starts at the root. */
  readonly isAbsolute: boolean;
}

const maxPathLength = 4_096;
const maxPathDepth = 256;

/** Case, composed letters and invisible characters must not tell two names apart: some file systems ignore them. */
export function foldName(name: string): string {
  return name
    .normalize('NFC')
    .replaceAll(/\p{Default_Ignorable_Code_Point}/gu, '')
    .toLowerCase();
}

/** Splits at slashes; what climbs above the root stays at it, as the kernel does it. */
function toSegments(path: string): PathSegments {
  const segments: string[] = [];
  let leavesBase = false;
  for (const name of foldName(path).split('/')) {
    if (name === '' || name === '.') continue;
    if (name !== '..') segments.push(name);
    else if (segments.pop() === undefined) leavesBase = true;
  }
  const isAbsolute = path.startsWith('/');
  return { segments, leavesBase: leavesBase && !isAbsolute, isAbsolute };
}

/** Why a path can't be judged, if so. */
export function pathProblem(path: string): string | undefined {
  if (path.includes('\0')) return 'it contains a NUL character';
  if (path.length > maxPathLength) return `it is longer than ${maxPathLength} characters`;
  if (path.split(/[/\\]/).length > maxPathDepth) return `it has more than ${maxPathDepth} levels`;
  return undefined;
}

/**
 * All that a path may mean: with `/` alone as separator, with `\` as one too (a drive letter dropped), and with `~` as a usual home.
 */
export function pathReadings(path: string): readonly PathSegments[] {
  const readings = [path];
  if (/\\|^[a-z]:/i.test(path)) readings.push(path.replaceAll('\\', '/').replace(/^[a-z]:/i, ''));
  if (path.startsWith('~')) readings.push(path.replace(/^~[^/]*/, '/root'), path.replace(/^~[^/]*/, '/home/user'));
  return readings.map(toSegments);
}
