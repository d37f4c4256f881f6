// How comments and messages are written: phrases that are never English, and comment lines over 100
// columns.

const WIDTH = 100;

/** Never English in a page, a comment or a message of ours, whatever the context. */
export const BANNED = [
  /\b(?:goes|go|going|gone) on (?:with|from)\b/,
  /\b(?:has|have) not (?:a|an|any|the|what|been had)\b/,
  /(?<!\b[Tt]here )\bis no (?:JSON|CSV|directory|dataset|file|path|network|genre|training store|list|checkpoint|number|name|tensor|id)\b/,
  /(?<!\b[Tt]here )\bare no (?:ids|tensors|files|networks|sizes)\b/,
  /\bno good\b/,
  /\b(?:is|are) let have\b/,
  /\bbut (?:none|nothing|'[^']*'|\$\{[^}]*\}) came\b/,
  /\bsays? (?:it |so )?aloud\b/,
  /\b(?:is|are|was|were) passed over\b/,
  /\banew\b/,
  /\bin the place of\b/,
  /\bso many (?:bytes|milliseconds|rows|files|characters|ratings)\b/,
  /\bhas no meaning (?:for|when)\b/,
];

/**
 * What is wrong with the words of a source file.
 *
 * @param {string} file - its path
 * @param {string} text
 * @returns {string[]} one sentence for each fault
 */
export function wordFaults(file, text) {
  const faults = [];
  let isExample = false;
  for (const [at, line] of text.split('\n').entries()) {
    const isComment = /^\s*(?:\/\/|\/\*\*|\*(?:\s|\/|$))/.test(line);
    if (!isComment || /\*\/\s*$/.test(line) || /^\s*\* @(?!example)/.test(line)) isExample = false;
    if (/^\s*\* @example/.test(line)) isExample = true;
    // Examples are code, tables and commands one line each; a link cannot be broken.
    if (
      isComment &&
      !isExample &&
      line.replaceAll(/`[^`]{60,}(?:`|$)/g, '').length > WIDTH &&
      !/https?:\/\/|^\s*(?:\*|\/\/)\s*\||^\s*(?:\*|\/\/) {3,}|biome-ignore/.test(line)
    ) {
      faults.push(`${file}:${at + 1}: a comment of ${line.length} columns; break it at ${WIDTH}`);
    }
  }
  const prose = text.replaceAll(/\s*\n\s*(?:\*(?!\/)|\/\/)? */g, ' ');
  for (const phrase of BANNED) {
    const found = phrase.exec(prose);
    if (found !== null) faults.push(`${file} says '${found[0]}'`);
  }
  return faults;
}
