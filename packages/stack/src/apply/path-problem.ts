import { homeName } from './apply-layout.js';

const maxNameBytes = 255;

/** Code points that HFS+ leaves out when it compares names, as git knows them. Source: git's `utf8.c`, `next_hfs_char`. */
const ignoredByHfs = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/gu;

/** The name as the most forgiving file system would read it. */
function toFoldedName(name: string): string {
  return name
    .normalize('NFC')
    .replace(ignoredByHfs, '')
    .toLowerCase()
    .replace(/:.*$/su, '')
    .replace(/[. ]+$/u, '');
}

function nameProblem(name: string, platform: NodeJS.Platform): string | undefined {
  if (name === '') return 'has an empty component; paths are relative and normalised';
  if (name === '.' || name === '..') return `has the component ${name}; paths are normalised`;
  if (name.includes('\0')) return 'holds a NUL character';
  const bytes = Buffer.from(name, 'utf8');
  if (bytes.toString('utf8') !== name) return 'is not well-formed Unicode';
  if (bytes.length > maxNameBytes) return `has a component of ${bytes.length} bytes; ${maxNameBytes} are allowed`;
  if (platform === 'win32' && /[\\:<>"|?*]|[. ]$/u.test(name))
    return 'holds characters that this system reads otherwise';
  return undefined;
}

/**
 * Says what makes a path unfit for a change to a workspace; undefined where nothing does.
 * `.git` is refused at every depth: hooks and configuration of nested repositories run on the host just as well.
 */
export function pathProblem(path: string, platform: NodeJS.Platform = process.platform): string | undefined {
  const names = path.split('/');
  for (const [index, name] of names.entries()) {
    const problem = nameProblem(name, platform);
    if (problem !== undefined) return problem;
    const folded = toFoldedName(name);
    if (folded === '.git' || folded === 'git~1') return 'lies in a git directory';
    if (index === 0 && folded === homeName) return `lies in ${homeName}, which holds Paracle's own files`;
  }
  return undefined;
}
