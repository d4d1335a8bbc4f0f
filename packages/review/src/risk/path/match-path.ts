import { Minimatch } from 'minimatch';
import type { PathAlternative, PathPattern, PatternPart } from './path-pattern.js';
import type { PathSegments } from './path-segments.js';

const maxGlobLength = 256;

/** Says whether a name of a path fits a part of a pattern. */
type PartTest = (part: PatternPart, name: string, isAbsolute: boolean) => boolean;

function fitsRun(parts: readonly PatternPart[], path: PathSegments, start: number, test: PartTest): boolean {
  const { segments, isAbsolute } = path;
  if (start < 0 || start + parts.length > segments.length) return false;
  return parts.every((part, index) => test(part, segments[start + index] ?? '', isAbsolute));
}

function fitsParent(pattern: PathAlternative, path: PathSegments, test: PartTest): boolean {
  if (pattern.parent === undefined) return false;
  const start = path.segments.length - pattern.parent.length;
  return (!pattern.isRooted || start === 0) && fitsRun(pattern.parent, path, start, test);
}

/** What a pattern names fits, and everything below it; a pattern that is not rooted may start at any depth. */
function fits(pattern: PathAlternative, path: PathSegments, test: PartTest): boolean {
  const { parts, whole } = pattern;
  const { segments } = path;
  if (fitsParent(pattern, path, test)) return true;
  if (whole !== undefined) return segments.some((_name, index) => whole.match(segments.slice(0, index + 1).join('/')));
  if (pattern.isRooted) return fitsRun(parts, path, 0, test);
  return segments.some((_name, start) => fitsRun(parts, path, start, test));
}

function fitsAny(pattern: PathPattern, readings: readonly PathSegments[], test: PartTest): boolean {
  return pattern.alternatives.some((alternative) => readings.some((path) => fits(alternative, path, test)));
}

/** Says whether a path matches in any of its readings. A leading slash means the root of the file system or of the workspace. */
export function matchesPath(pattern: PathPattern, readings: readonly PathSegments[]): boolean {
  return fitsAny(pattern, readings, (part, name) => part.matcher.match(name));
}

/** Two names that a part stands for: with nothing and with something in the place of its wildcards. */
function samples(part: string): readonly string[] {
  const plain = part.replaceAll(/\[[^\]]*\]/g, 'x').replaceAll('?', 'x');
  return [plain.replaceAll('*', ''), plain.replaceAll('*', 'x')];
}

/**
 * Says whether a word with the shell's wildcards may expand to a path that matches. A lone `*` counts only in an absolute word:
 * else every `ls *` would match everything.
 */
export function mayMatchPath(pattern: PathPattern, readings: readonly PathSegments[]): boolean {
  return fitsAny(pattern, readings, (part, name, isAbsolute) => {
    if (part.matcher.match(name)) return true;
    if (/^\*+$/.test(name)) return isAbsolute;
    if (!/[*?[]/.test(name)) return false;
    if (name.length > maxGlobLength) return true;
    const glob = new Minimatch(name, { dot: true, nocomment: true, nonegate: true, nobrace: true, noext: true });
    return /^\*+$/.test(part.text) || samples(part.text).some((sample) => sample !== '' && glob.match(sample));
  });
}
