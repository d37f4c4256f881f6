/**
 * Every figure of a page by file name, such as `density-of-all-visual-rows.svg`: exactly the SVGs
 * of the page, so that a figure in a paper is the one that was seen.
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

/** Outside a page the text colour is undefined, and HTML entities may not exist. */
function standalone(svg: string): string {
  return svg
    .replace('<svg', '<svg color="#1b1f24"')
    .replaceAll('&nbsp;', '&#160;')
    .replaceAll(/="([^"]*)"/g, (_, value: string) => `="${xmlText(value)}"`);
}

/**
 * The value of an attribute, escaped for XML: the page's HTML may contain these characters
 * unescaped.
 */
function xmlText(value: string): string {
  return value.replaceAll(/&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[\da-f]+);)/gi, '&amp;').replaceAll('<', '&lt;');
}

/** The letters and digits of an arbitrary label. */
function fileName(label: string): string {
  const name = label
    .replaceAll(/&[a-z#\d]+;/g, ' ')
    .toLowerCase()
    .replaceAll(/[^\p{Letter}\p{Number}]+/gu, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, 80);
  return name === '' ? 'figure' : name;
}
