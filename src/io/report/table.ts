import { Html, html, type Piece } from './html.ts';

/** A table of more columns has smaller letters in print. */
const MANY_COLUMNS = 10;

/**
 * A table with a caption, which is left out if a heading says the same. The first column names the
 * rows. Another column is left out if it is empty in all of them.
 */
export function tableHtml(
  caption: string,
  heads: readonly string[],
  lines: readonly (readonly Piece[])[],
  { captioned = true } = {},
): Html {
  const isShown = (_: unknown, at: number) =>
    at === 0 || lines.length === 0 || lines.some((line) => !isEmpty(line[at]));
  const head = heads.filter(isShown);
  const rows = lines.map((line) => line.filter(isShown));
  return html`<div class="scroll" tabindex="0" role="group" aria-label="${caption}"><table${head.length > MANY_COLUMNS ? html` class="many"` : undefined}>${captioned ? html`<caption>${caption}</caption>` : undefined}<thead><tr>${head.map(
    (name, at) => html`<th scope="col" class="${kindOf(rows[0]?.[at])}">${name}</th>`,
  )}</tr></thead><tbody>${rows.map(
    ([name, ...values]) =>
      html`<tr><th scope="row">${name}</th>${values.map((value) => html`<td class="${kindOf(value)}">${value}</td>`)}</tr>`,
  )}</tbody></table></div>`;
}

function isEmpty(value: Piece): boolean {
  return value === undefined || String(value) === '';
}

/** Numbers are right-aligned, text is left-aligned. */
function kindOf(value: Piece): 'number' | 'text' {
  const text = value instanceof Html ? value.text.replaceAll(/<[^>]*>/g, '') : value;
  return typeof text === 'number' || (typeof text === 'string' && /^(?:[-+<]? ?\d|-$)/.test(text)) ? 'number' : 'text';
}

/** A figure with what it shows below it. */
export function figureHtml(figure: Html, caption: string): Html {
  return html`<figure><div class="scroll" tabindex="0" role="group" aria-label="${caption}">${figure}</div><figcaption>${caption}</figcaption></figure>`;
}

/** A count with its thousands apart, and with what is counted: `1 genre`, `1,200 genres`. */
export function counted(count: number, one?: string): string {
  const figure = count.toLocaleString('en-US');
  return one === undefined ? figure : `${figure} ${one}${count === 1 ? '' : 's'}`;
}
