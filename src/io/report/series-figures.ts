import * as Plot from '@observablehq/plot';
import { given } from '../../core/given.ts';
import { domainOfOne, wholeAxis } from './axes.ts';
import { clipped, drawn } from './drawn.ts';
import type { Html } from './html.ts';

/** Colours that are distinguishable, and visible on white and on black. */
const COLOURS = ['#2f7fc1', '#c2410c', '#2e8b57', '#9b59b6', '#b8860b', '#d6336c', '#00838f', '#8d6e63', '#708090'];
/** Dashes that distinguish more series than there are colours. */
const DASHES = ['none', '6,3', '2,3'];
/** Pixels of a line in the key, and of a letter in it. */
const [KEY_LINE, KEY_LETTER] = [18, 7.2];

/** Points of one name. */
export interface Series {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

/** The labels of a figure. */
export interface FigureLabels {
  readonly figure: string;
  readonly x: string;
  readonly y: string;
}

/** Curves of several names on the same axes, with a key beside them. */
export function curvesFigure(
  series: readonly Series[],
  labels: FigureLabels,
  options: {
    /** Whether to draw the diagonal from the lower left to the upper right, which marks chance. */
    readonly diagonal?: boolean | undefined;
    readonly x?: readonly [number, number] | undefined;
    readonly y?: readonly [number, number] | undefined;
    /** Whether each point gets a mark. */
    readonly dots?: boolean | undefined;
    readonly width?: number | undefined;
  } = {},
): Html {
  const key = keyOf(series.map(({ name }) => name));
  const width = options.width ?? 420;
  const points = series.flatMap((each) => each.points);
  const own = { x: domainOfOne(points.map(({ x }) => x)), y: domainOfOne(points.map(({ y }) => y)) };
  return drawn(labels.figure, {
    ...{ width: width + key.width, height: Math.max(320, 60 + KEY_LINE * series.length) },
    ...{ marginLeft: 54, marginRight: key.width, marginBottom: 44 },
    x: given({ label: labels.x, labelAnchor: 'center', grid: true, nice: true, domain: options.x ?? own.x }),
    y: given({ label: labels.y, grid: true, nice: true, domain: options.y ?? own.y }),
    marks: [
      ...(options.diagonal
        ? [
            Plot.line([...DIAGONAL], {
              x: 'x',
              y: 'y',
              stroke: 'currentColor',
              strokeOpacity: 0.5,
              strokeDasharray: '3,4',
            }),
          ]
        : []),
      ...series.flatMap(({ name, points }) => {
        const { colour, dash } = key.of(name);
        return [
          Plot.line([...points], { x: 'x', y: 'y', stroke: colour, strokeWidth: 2, strokeDasharray: dash }),
          ...(options.dots || points.length === 1
            ? [Plot.dot([...points], { x: 'x', y: 'y', fill: colour, r: 2.5 })]
            : []),
        ];
      }),
      ...key.marks,
    ],
  });
}

const DIAGONAL = [
  { x: 0, y: 0 },
  { x: 1, y: 1 },
];

/** A value of one name, with its uncertainty. */
export interface Estimate {
  readonly name: string;
  /** What distinguishes several of the same name; one of `groups`. */
  readonly group: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** Values as dots with bars for their intervals, a line for each name, groups by colour. */
export function estimatesFigure(
  estimates: readonly Estimate[],
  labels: FigureLabels,
  options: {
    /** The value that means no difference. */
    readonly rule?: number | undefined;
  } = {},
): Html {
  const names = [...new Set(estimates.map(({ name }) => name))];
  const groups = [...new Set(estimates.map(({ group }) => group))];
  const key = keyOf(groups.length > 1 ? groups : []);
  const margin = 16 + KEY_LETTER * Math.max(...names.map((name) => name.length));
  const band = 14 * groups.length + 8;
  const shift = (group: string) => 12 * (groups.indexOf(group) - (groups.length - 1) / 2);
  const domain = domainOfOne(estimates.flatMap(({ low, high }) => [low, high]));
  const height = Math.max(50 + band * names.length, 60 + KEY_LINE * (groups.length > 1 ? groups.length : 0));
  return drawn(labels.figure, {
    ...{ width: margin + 340 + key.width, height },
    ...{ marginLeft: margin, marginRight: key.width, marginBottom: 42, marginTop: 4 },
    x: given({ label: labels.x, labelAnchor: 'center', grid: true, nice: true, domain }),
    y: { label: null, domain: names, tickSize: 0 },
    marks: [
      ...(options.rule === undefined
        ? []
        : [Plot.ruleX([options.rule], { stroke: 'currentColor', strokeOpacity: 0.5 })]),
      ...groups.flatMap((group) => {
        const own = estimates.filter((each) => each.group === group);
        const { colour } = colourOf(groups.indexOf(group));
        const dy = shift(group);
        return [
          Plot.ruleY(own, { x1: 'low', x2: 'high', y: 'name', dy, stroke: colour, strokeWidth: 2 }),
          Plot.dot(own, { x: 'value', y: 'name', dy, fill: colour, r: 4 }),
        ];
      }),
      ...key.marks,
    ],
  });
}

/** Shares by bin: bars of one kind, and a stepped line of another to compare with. */
export function histogramFigure(
  bins: readonly { readonly from: number; readonly to: number; readonly bar: number; readonly line: number }[],
  labels: FigureLabels,
): Html {
  const steps = bins.flatMap(({ from, to, line }) => [
    { x: from, y: line },
    { x: to, y: line },
  ]);
  return drawn(labels.figure, {
    ...{ width: 260, height: 200, marginLeft: 48, marginBottom: 42, marginTop: 20 },
    x: { label: labels.x, labelAnchor: 'center', ticks: 5 },
    y: { label: labels.y, grid: true, ticks: 4, tickFormat: '%' },
    marks: [
      Plot.rectY([...bins], { x1: 'from', x2: 'to', y: 'bar', fill: '#2f7fc1', insetLeft: 0.5, insetRight: 0.5 }),
      Plot.line(steps, { x: 'x', y: 'y', stroke: '#c2410c', strokeWidth: 1.5 }),
      Plot.ruleY([0]),
    ],
  });
}

/** A curve in a band, such as a mean between quartiles. */
export function bandFigure(
  points: readonly { readonly x: number; readonly y: number; readonly low: number; readonly high: number }[],
  labels: FigureLabels,
): Html {
  return drawn(labels.figure, {
    ...{ width: 540, height: 310, marginLeft: 44, marginBottom: 40 },
    x: { label: labels.x, ...wholeAxis(points.map(({ x }) => x)) },
    y: given({
      label: labels.y,
      grid: true,
      nice: true,
      domain: domainOfOne(points.flatMap(({ low, high }) => [low, high])),
    }),
    marks: [
      Plot.areaY([...points], { x: 'x', y1: 'low', y2: 'high', fill: '#2f7fc1', fillOpacity: 0.25, curve: 'step' }),
      Plot.lineY([...points], { x: 'x', y: 'y', stroke: '#c2410c', strokeWidth: 2 }),
      ...(points.length === 1
        ? [
            Plot.ruleX([...points], { x: 'x', y1: 'low', y2: 'high', stroke: '#2f7fc1', strokeWidth: 2 }),
            Plot.dot([...points], { x: 'x', y: 'y', fill: '#c2410c', r: 3 }),
          ]
        : []),
    ],
  });
}

/** Five numbers of a group, and its mean. */
export interface Box {
  readonly name: string;
  readonly lowest: number;
  readonly lowerQuartile: number;
  readonly median: number;
  readonly upperQuartile: number;
  readonly highest: number;
  readonly mean: number;
}

/** Boxes from quartile to quartile with a line at the median, and a dot at the mean. */
export function boxesFigure(boxes: readonly Box[], labels: FigureLabels): Html {
  const marginLeft = 16 + KEY_LETTER * Math.max(...boxes.map(({ name }) => clipped(name).length));
  return drawn(labels.figure, {
    ...{ width: marginLeft + 400, height: 50 + 20 * boxes.length },
    ...{ marginLeft, marginRight: 16, marginBottom: 42, marginTop: 4 },
    x: given({
      ...{ label: labels.x, labelAnchor: 'center' as const, grid: true, nice: true },
      domain: domainOfOne(boxes.flatMap(({ lowest, highest }) => [lowest, highest])),
    }),
    y: { label: null, domain: boxes.map(({ name }) => name), tickSize: 0, tickFormat: clipped },
    marks: [
      Plot.ruleY([...boxes], { x1: 'lowest', x2: 'highest', y: 'name', stroke: 'currentColor', strokeOpacity: 0.6 }),
      Plot.barX([...boxes], {
        ...{ x1: 'lowerQuartile', x2: 'upperQuartile', y: 'name', fill: '#2f7fc1', fillOpacity: 0.45 },
        ...{ insetTop: 3, insetBottom: 3 },
      }),
      Plot.tickX([...boxes], { x: 'median', y: 'name', stroke: 'currentColor', strokeWidth: 2 }),
      Plot.dot([...boxes], { x: 'mean', y: 'name', fill: '#c2410c', r: 3.5 }),
    ],
  });
}

function colourOf(place: number): { colour: string; dash: string } {
  return {
    colour: COLOURS[place % COLOURS.length] as string,
    dash: DASHES[Math.floor(place / COLOURS.length) % DASHES.length] as string,
  };
}

/** The names in the right margin, each in its colour; empty for one name. */
function keyOf(names: readonly string[]) {
  const looks = new Map(names.map((name, place) => [name, colourOf(place)]));
  const shown = names.length > 1 ? [...looks] : [];
  const width = shown.length === 0 ? 16 : 44 + KEY_LETTER * Math.max(...names.map((name) => name.length));
  const marks = shown.flatMap(([name, { colour, dash }], place) => {
    const at = { frameAnchor: 'top-right', dy: 8 + KEY_LINE * place } as const;
    return [
      Plot.text([name], { ...at, dx: 36, textAnchor: 'start', text: (text: string) => text }),
      Plot.text([dash === 'none' ? '━━' : dash === '6,3' ? '╍╍' : '┄┄'], {
        ...at,
        ...{ dx: 10, textAnchor: 'start', fill: colour, text: (text: string) => text },
      }),
    ];
  });
  return { width, marks, of: (name: string) => looks.get(name) ?? colourOf(0) };
}
