/** Text that is already HTML. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A piece of a page: HTML, a list of pieces, or anything else, which is shown as text. */
export type Piece = Html | string | number | undefined | readonly Piece[];

/**
 * HTML of a template. Interpolated values are text, whatever they look like, unless they are
 * `Html`; lists are joined, and undefined is empty.
 *
 * @example
 * const rows = ['heat', 'ran'];
 * html`<h1>Films</h1>${rows.map((row) => html`<p>${row}</p>`)}`;
 */
export function html(parts: TemplateStringsArray, ...pieces: readonly Piece[]): Html {
  return new Html(parts.map((part, at) => part + (at < pieces.length ? render(pieces[at]) : '')).join(''));
}

function render(piece: Piece): string {
  if (piece === undefined) return '';
  if (piece instanceof Html) return piece.text;
  if (Array.isArray(piece)) return piece.map(render).join('');
  return String(piece).replace(/[&<>"']/g, (character) => ENTITIES[character] as string);
}

/** Text in which what stands between backticks is code. */
export function prose(text: string): Html {
  return html`${text.split(/`([^`]+)`/).map((part, at) => (at % 2 === 1 ? html`<code>${part}</code>` : part))}`;
}

/** Values for a script of the page, in an element that no value can close. */
export function dataElement(id: string, value: unknown): Html {
  const json = JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return html`<script type="application/json" id="${id}">${new Html(json)}</script>`;
}
