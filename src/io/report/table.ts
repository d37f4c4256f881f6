import { type Html, html, type Piece } from './html.ts';

/** A table with a caption; the first column names its rows. */
export function tableHtml(caption: string, head: readonly string[], rows: readonly (readonly Piece[])[]): Html {
  return html`<div class="scroll" tabindex="0" role="group" aria-label="${caption}"><table><caption>${caption}</caption><thead><tr>${head.map(
    (name, at) => html`<th scope="col" class="${kindOf(rows[0]?.[at])}">${name}</th>`,
  )}</tr></thead><tbody>${rows.map(
    ([name, ...values]) =>
      html`<tr><th scope="row">${name}</th>${values.map((value) => html`<td class="${kindOf(value)}">${value}</td>`)}</tr>`,
  )}</tbody></table></div>`;
}

/** Numbers stand under each other by their last digits; text begins at the left. */
function kindOf(value: Piece): 'number' | 'text' {
  return typeof value === 'number' || (typeof value === 'string' && /^[-\d]/.test(value)) ? 'number' : 'text';
}

/** A figure with what it shows below it. */
export function figureHtml(figure: Html, caption: string): Html {
  return html`<figure><div class="scroll" tabindex="0" role="group" aria-label="${caption}">${figure}</div><figcaption>${caption}</figcaption></figure>`;
}
