import { Html, html, type Piece } from './html.ts';

/**
 * A table with a caption, which is left out if a heading says the same; the first column names the
 * rows.
 */
export function tableHtml(
  caption: string,
  head: readonly string[],
  rows: readonly (readonly Piece[])[],
  { captioned = true } = {},
): Html {
  return html`<div class="scroll" tabindex="0" role="group" aria-label="${caption}"><table>${captioned ? html`<caption>${caption}</caption>` : undefined}<thead><tr>${head.map(
    (name, at) => html`<th scope="col" class="${kindOf(rows[0]?.[at])}">${name}</th>`,
  )}</tr></thead><tbody>${rows.map(
    ([name, ...values]) =>
      html`<tr><th scope="row">${name}</th>${values.map((value) => html`<td class="${kindOf(value)}">${value}</td>`)}</tr>`,
  )}</tbody></table></div>`;
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

/** A count with its thousands apart. */
export function counted(count: number): string {
  return count.toLocaleString('en-US');
}
