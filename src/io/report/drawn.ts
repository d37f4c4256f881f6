import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { Html } from './html.ts';

/** Pixels of the letters in a figure. */
const FONT_SIZE = 12;

/** An SVG of the plot, with its label for screen readers. */
export function drawn(label: string, options: Plot.PlotOptions): Html {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const figure = Plot.plot({ ...options, document: document as unknown as NonNullable<Plot.PlotOptions['document']> });
  for (const style of figure.querySelectorAll('style')) style.remove();
  for (const part of figure.querySelectorAll('[aria-label]')) part.removeAttribute('aria-label');
  figure.setAttribute('font-size', String(FONT_SIZE));
  figure.setAttribute('role', 'img');
  figure.setAttribute('aria-label', label);
  figure.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  return new Html(figure.outerHTML);
}

/** Maximum letters of a name beside a figure. */
const MOST_LETTERS = 24;

/**
 * A name as shown in a figure: shortened, because a long one would leave no room for anything else.
 */
export function clipped(name: string): string {
  return name.length <= MOST_LETTERS ? name : `${name.slice(0, MOST_LETTERS - 1).trimEnd()}…`;
}
