import { describe, expect, it } from 'vitest';
import { lineFigure, pictureFigure } from '../../../src/io/report/figures.ts';

/** The numbers that the axes show, and how many of them. */
function tickLabels(values: readonly number[], scale: { logX?: boolean; logY?: boolean }): string[] {
  const points = values.map((y, at) => ({ x: at + 1, y }));
  const svg = lineFigure(points, { figure: 'f', x: 'rank', y: 'ratings' }, scale).text;
  return [...svg.matchAll(/>([\d,.]+)<\/text>/g)].map(([, label]) => label as string);
}

describe('a curve', () => {
  it.each([
    [
      [3, 2, 1],
      ['1', '2'],
    ],
    [
      [18, 16, 14],
      ['14', '18'],
    ],
    [
      [90, 88, 86],
      ['86', '90'],
    ],
    [[7, 7], ['7']],
    [
      [900, 4],
      ['5', '10', '20', '50', '100', '200', '500'],
    ],
    [
      [90_000, 4],
      ['10', '100', '1,000', '10,000'],
    ],
  ])('of %j has labels on a logarithmic axis, however little it spans', (values, labels) => {
    const ranks = values.map((_, at) => String(at + 1));
    expect(tickLabels(values, { logY: true })).toEqual([...labels, ...ranks]);
  });

  it('has labels on two logarithmic axes', () => {
    expect(tickLabels([60, 30, 20], { logX: true, logY: true })).toEqual(['20', '50', '1', '2']);
  });

  it('has whole numbers on a short axis of ranks or years, each once', () => {
    const labels = tickLabels([0.5, 0.6, 0.7], {});
    expect(labels.filter((label) => /^\d$/.test(label))).toEqual(['1', '2', '3']);
  });
});

describe('a picture of dots', () => {
  it('is large enough to see, however few dots it has', () => {
    const sizeOf = (columns: number, lines: number) =>
      / width="(\d+)" height="(\d+)"/.exec(pictureFigure(new Uint8Array(512 * 512), 512, columns, lines, 'p').text);
    expect(sizeOf(20, 10)?.slice(1)).toEqual(['500', '250']);
    expect(sizeOf(512, 512)?.slice(1)).toEqual(['512', '512']);
  });
});
