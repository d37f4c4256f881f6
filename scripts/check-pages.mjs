// What is wrong with the pages of a repository: README.md, CHANGELOG.md, CONTRIBUTING.md, and all
// of docs/.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { BANNED } from './check-words.mjs';

/** The page that links every other page of docs/. */
const INDEX = 'docs/README.md';

/**
 * @param {string} root - the repository
 * @returns {string[]} one sentence for each fault
 */
export function pageFaults(root) {
  const guide = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`)
    .sort();
  const pages = new Map();
  for (const page of ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', ...guide]) {
    const path = join(root, page);
    if (existsSync(path)) pages.set(page, readFileSync(path, 'utf8'));
  }
  const faults = [];
  for (const [page, text] of pages) {
    faults.push(...linkFaults(root, page, text));
    if (page !== 'CHANGELOG.md') faults.push(...phraseFaults(page, text));
  }
  const linked = linksOf(pages.get(INDEX) ?? '').map(({ path }) => join('docs', path));
  for (const page of guide.filter((each) => each !== INDEX)) {
    const times = linked.filter((each) => each === page).length;
    if (times !== 1) faults.push(`${INDEX} links ${page} ${times} times, not once`);
  }
  return faults;
}

/**
 * Links of a page within the repository. Code is ignored.
 *
 * @param {string} text
 * @returns {{ path: string, anchor: string }[]}
 */
function linksOf(text) {
  return [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [path = '', anchor = ''] = target.split('#');
      return { path, anchor };
    });
}

/** @param {string} root @param {string} page @param {string} text */
function linkFaults(root, page, text) {
  return linksOf(text).flatMap(({ path, anchor }) => {
    const target = path === '' ? join(root, page) : join(root, dirname(page), path);
    const name = relative(root, target);
    if (!existsSync(target)) return [`${page} links ${name}, which does not exist`];
    if (anchor === '' || anchorsOf(readFileSync(target, 'utf8')).has(anchor)) return [];
    return [`${page} links #${anchor} of ${name}, which has no such heading`];
  });
}

/**
 * Anchors of headings, as GitHub names them.
 *
 * @param {string} text
 */
function anchorsOf(text) {
  const headings = [...text.replaceAll(/^```[\s\S]*?^```$/gm, '').matchAll(/^#+ (.*)$/gm)];
  return new Set(
    headings.map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}_\- ]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

/** @param {string} page @param {string} text */
function phraseFaults(page, text) {
  const prose = withoutCode(text);
  return BANNED.flatMap((phrase) => {
    const found = phrase.exec(prose);
    return found === null ? [] : [`${page} says '${found[0]}'`];
  });
}

/** @param {string} text */
function withoutCode(text) {
  return text.replaceAll(/^```[\s\S]*?^```$/gm, '').replaceAll(/`[^`\n]*`/g, '');
}
