/** Checks the Markdown files: every relative link and anchor leads somewhere, and nothing names this machine. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { listFiles, report, shown } from './checks/workspace.mjs';
import { root } from './setup/paths.mjs';

/** Links in text: [label](target), not inside code. */
const LINK = /\[[^\]]*\]\(([^()\s]+(?:\([^()]*\))?)(?:\s+"[^"]*")?\)/g;

/** Paths that exist on one developer's machine only. */
const PRIVATE_PATH = /(?<![\w/])\/(?:work|home\/[a-z]+|Users\/[A-Za-z]+|root)\/[\w./-]+/g;

const files = listFiles(root, (name) => name.endsWith('.md')).filter((file) => !shown(file).startsWith('.changeset'));
const problems = files.flatMap((file) => {
  const text = readFileSync(file, 'utf8');
  return [...checkLinks(file, withoutCode(text)), ...checkPaths(file, text)];
});
report(problems, `The links in ${files.length} documents lead somewhere.`);

function checkLinks(file, text) {
  return [...text.matchAll(LINK)].flatMap(([, target]) => {
    if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return [];
    const [path, anchor] = target.split('#');
    const linked = path === '' ? file : resolve(dirname(file), decodeURIComponent(path));
    if (!existsSync(linked)) return [`${shown(file)}: "${target}" does not exist`];
    const isDocument = linked.endsWith('.md') && statSync(linked).isFile();
    if (!anchor || !isDocument || anchorsOf(linked).has(anchor)) return [];
    return [`${shown(file)}: "${target}" has no such heading`];
  });
}

function checkPaths(file, text) {
  return [...text.matchAll(PRIVATE_PATH)].map(([path]) => `${shown(file)}: names a path of one machine: ${path}`);
}

function anchorsOf(file) {
  const seen = new Map();
  const headings = withoutCode(readFileSync(file, 'utf8')).matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm);
  return new Set(
    [...headings].map(([, title]) => {
      const slug = title
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replace(/\s/g, '-');
      const count = seen.get(slug) ?? 0;
      seen.set(slug, count + 1);
      return count === 0 ? slug : `${slug}-${count}`;
    }),
  );
}

/** Blocks go entirely; of inline code the ticks go in headings' sense, the text stays for anchors. */
function withoutCode(text) {
  return text
    .replace(/^(```|~~~)[\s\S]*?^\1/gm, '')
    .replace(/`([^`\n]*)`/g, (_all, code) => code.replace(/[[\]()]/g, ''));
}
