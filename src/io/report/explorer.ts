import { readFileSync } from 'node:fs';
import { dataElement, type Html, html } from './html.ts';

/** Interactive points on a page: the position of each, and its item. */
export interface ExplorerData {
  /** Integers from 0 to 9999. */
  readonly x: readonly number[];
  readonly y: readonly number[];
  /** For each point, an index into `items`. */
  readonly item: readonly number[];
  /** From 0. */
  readonly subclip: readonly number[];
  readonly items: readonly {
    readonly id: string;
    readonly title?: string | undefined;
    readonly genres: readonly string[];
  }[];
}

/** The script that makes a page's explorers interactive. */
export function explorerScript(): string {
  return readFileSync(new URL('explorer-client.js', import.meta.url), 'utf8');
}

/**
 * A canvas of points with filters, search and lasso selection, and a table of the matching points
 * beside it.
 */
export function explorerHtml(id: string, label: string, data: ExplorerData): Html {
  return html`<div class="explorer" data-source="${id}">
<div>
<form>
<label>Find <input name="search" type="search" placeholder="title or id"></label>
<label>Genre <select name="genre"><option value="">all</option></select></label>
<label>Subclip <select name="subclip"><option value="">all</option></select></label>
<label>Colour <select name="colour"><option value="subclip">subclip</option><option value="genre">first genre</option></select></label>
<button type="button" name="free" hidden>Clear the selection</button>
</form>
<canvas tabindex="0" role="img" aria-label="${label}: move with the arrow keys"></canvas>
<ul class="key" aria-label="What the colours mean"></ul>
<p role="status">Point at one, draw a line around some to list them, or move with the arrow keys.</p>
</div>
<div class="found" tabindex="0" role="group" aria-label="${label}: points found"><table><caption>&nbsp;</caption>
<thead><tr><th scope="col">Item</th><th scope="col" class="subclip">Subclip</th><th scope="col">Genres</th></tr></thead><tbody></tbody></table></div>
</div>
${dataElement(id, data)}`;
}
