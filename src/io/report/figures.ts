import * as Plot from '@observablehq/plot';
import { given } from '../../core/given.ts';
import { countAxis, domainOfOne, logAxis, wholeAxis } from './axes.ts';
import { clipped, drawn } from './drawn.ts';
import { type Html, html } from './html.ts';

/** A density on a rectangle: see `densityOf`. */
export interface Contours {
  readonly values: Float64Array;
  readonly cells: number;
  readonly extent: { readonly x: readonly [number, number]; readonly y: readonly [number, number] };
}

/** Contour lines at eight levels of the density's maximum. */
export function contourFigure({ values, cells, extent }: Contours, label: string, size = 360): Html {
  const { x, y } = extent;
  const peak = values.reduce((most, value) => Math.max(most, value), 0);
  const thresholds = Array.from({ length: 8 }, (_, level) => (peak * (level + 0.5)) / 8);
  const place = { x1: x[0], x2: x[1], y1: y[0], y2: y[1], width: cells, height: cells };
  return drawn(label, {
    ...{ width: size, height: size, margin: 4, axis: null },
    x: { domain: [...x] },
    y: { domain: [...y] },
    marks: [
      // Each level lies on those below it, so that what is dense stands out on white and on black.
      Plot.contour(values, { ...place, thresholds, fill: '#2f7fc1', fillOpacity: 0.22, stroke: null }),
      Plot.frame({ strokeOpacity: 0.3 }),
    ],
  });
}

/**
 * A matrix of shares from 0 to 1 as cells with their values; NaN is grey and has no value. Columns
 * have the same names as rows unless named separately.
 */
export function matrixFigure(
  names: readonly string[],
  values: Float64Array,
  label: string,
  columns: readonly string[] = names,
): Html {
  const cells = Array.from(values, (value, at) => ({
    row: names[Math.floor(at / columns.length)],
    column: columns[at % columns.length],
    value: Number.isNaN(value) ? null : value,
  }));
  const marginOf = (of: readonly string[]) => 16 + 7 * Math.max(...of.map((name) => clipped(name).length));
  const [marginLeft, marginBottom] = [marginOf(names), marginOf(columns)];
  const [width, height] = [marginLeft + 20 + 40 * columns.length, marginBottom + 20 + 40 * names.length];
  return drawn(label, {
    ...{ width, height, marginLeft, marginBottom, marginTop: 4, marginRight: 4 },
    x: { domain: [...columns], label: null, tickRotate: -90, tickSize: 0, tickFormat: clipped },
    y: { domain: [...names], label: null, tickSize: 0, tickFormat: clipped },
    color: { type: 'linear', domain: [0, 1], range: ['#f2f6fa', '#0b5cad'], unknown: '#9aa4ae' },
    marks: [
      Plot.cell(cells, { x: 'column', y: 'row', fill: 'value', inset: 0.5 }),
      Plot.text(
        cells.filter(({ value }) => value !== null),
        {
          ...{ x: 'column', y: 'row', fontSize: 11 },
          text: (cell: { value: number }) => cell.value.toFixed(2),
          fill: (cell: { value: number }) => (cell.value > 0.55 ? '#ffffff' : '#1b1f24'),
        },
      ),
    ],
  });
}

/** A curve, with horizontal lines that mark levels. */
export function lineFigure(
  points: readonly { readonly x: number; readonly y: number }[],
  labels: { readonly figure: string; readonly x: string; readonly y: string },
  options: {
    readonly levels?: readonly number[] | undefined;
    readonly verticals?: readonly number[] | undefined;
    readonly logX?: boolean | undefined;
    readonly logY?: boolean | undefined;
    /** Whether y is a count, whose axis begins at 0. */
    readonly counts?: boolean | undefined;
  } = {},
): Html {
  const [x, y] = [points.map((point) => point.x), points.map((point) => point.y)];
  const axisX = options.logX ? logAxis(x) : wholeAxis(x);
  const axisY = options.logY ? logAxis(y) : options.counts ? countAxis(y) : given({ domain: domainOfOne(y) });
  return drawn(labels.figure, {
    ...{ width: 560, height: 310, marginLeft: 60, marginBottom: 40 },
    x: { label: labels.x, ...axisX },
    y: { label: labels.y, grid: true, ...axisY },
    marks: [
      Plot.ruleY([...(options.levels ?? [])], { stroke: '#c2410c', strokeDasharray: '4,3' }),
      Plot.ruleX([...(options.verticals ?? [])], { stroke: '#c2410c', strokeDasharray: '4,3' }),
      Plot.lineY([...points], { x: 'x', y: 'y', stroke: '#2f7fc1', strokeWidth: 2 }),
      ...(points.length === 1 ? [Plot.dot([...points], { x: 'x', y: 'y', fill: '#2f7fc1', r: 3 })] : []),
    ],
  });
}

/** Bars of counts, in the given order. */
export function barFigure(
  bars: readonly { readonly name: string; readonly value: number }[],
  labels: { readonly figure: string; readonly x: string; readonly y: string },
): Html {
  const longest = Math.max(1, ...bars.map(({ name }) => name.length));
  const slanted = longest * bars.length > 60;
  return drawn(labels.figure, {
    ...{ width: Math.max(320, Math.min(900, 90 + 30 * bars.length)), height: 280, marginLeft: 70 },
    ...{ marginBottom: slanted ? 34 + 7 * longest : 40 },
    x: { label: labels.x, domain: bars.map(({ name }) => name), tickRotate: slanted ? -60 : 0 },
    y: { label: labels.y, grid: true, ...countAxis(bars.map(({ value }) => value)) },
    marks: [Plot.barY([...bars], { x: 'name', y: 'value', fill: '#2f7fc1' }), Plot.ruleY([0])],
  });
}

/** Pixels along the longer side of a picture that has fewer dots, and at most of one dot. */
const [PICTURE_SIDE, DOT_AT_MOST] = [512, 32];

/** A picture of dots: lines of `cells` bytes, of which the first `columns` x `lines` are shown. */
export function pictureFigure(dots: Uint8Array, cells: number, columns: number, lines: number, label: string): Html {
  const dot = Math.min(DOT_AT_MOST, Math.max(1, Math.floor(PICTURE_SIDE / Math.max(columns, lines))));
  let path = '';
  for (let line = 0; line < lines; line++) {
    for (let column = 0; column < columns; column++) {
      if (dots[line * cells + column] === 1) path += `M${column} ${line}h1v1h-1z`;
    }
  }
  return html`<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="${label}" viewBox="0 0 ${columns} ${lines}" width="${dot * columns}" height="${dot * lines}"><rect width="${columns}" height="${lines}" fill="none" stroke="currentColor" stroke-opacity="0.3" vector-effect="non-scaling-stroke"/><path fill="currentColor" d="${path}"/></svg>`;
}
