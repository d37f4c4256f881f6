/**
 * Every figure of a page by the name of its file, `density-of-all-visual-rows.svg`: the SVGs as the
 * page has them, so that a figure in a paper is the one that was looked at.
 */
export function figuresOf(page: string): Map<string, string> {
  const figures = new Map<string, string>();
  for (const [svg] of page.matchAll(/<svg\b[^>]*>[\s\S]*?<\/svg>/g)) {
    const [, label = 'figure'] = /aria-label="([^"]*)"/.exec(svg) ?? [];
    const name = fileName(label);
    let free = name;
    for (let number = 2; figures.has(`${free}.svg`); number++) free = `${name}-${number}`;
    figures.set(`${free}.svg`, `<?xml version="1.0" encoding="UTF-8"?>\n${standalone(svg)}\n`);
  }
  return figures;
}

/** Outside a page nothing says what the text's colour is, and an entity of HTML may not exist. */
function standalone(svg: string): string {
  return svg
    .replace('<svg', '<svg color="#1b1f24"')
    .replaceAll('&nbsp;', '&#160;')
    .replaceAll(/="([^"]*)"/g, (_, value: string) => `="${xmlText(value)}"`);
}

/** A value of an attribute as XML has it: the page's HTML may hold these characters as they are. */
function xmlText(value: string): string {
  return value.replaceAll(/&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[\da-f]+);)/gi, '&amp;').replaceAll('<', '&lt;');
}

/** Letters and digits of a label, which may be anything. */
function fileName(label: string): string {
  const name = label
    .replaceAll(/&[a-z#\d]+;/g, ' ')
    .toLowerCase()
    .replaceAll(/[^\p{Letter}\p{Number}]+/gu, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, 80);
  return name === '' ? 'figure' : name;
}
