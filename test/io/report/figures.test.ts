import { describe, expect, it } from 'vitest';
import { barFigure, lineFigure, pictureFigure } from '../../../src/io/report/figures.ts';
import { bandFigure, boxesFigure, curvesFigure } from '../../../src/io/report/series-figures.ts';

/** The numbers that the axes show, and how many of them. */
function tickLabels(values: readonly number[], scale: { logX?: boolean; logY?: boolean; counts?: boolean }): string[] {
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

describe('an axis of values that are all the same', () => {
  const numbers = ({ text }: { text: string }) => [...text.matchAll(/>([\d,.]+)<\/text>/g)].map(([, label]) => label);

  it('has short labels, and counts begin at 0', () => {
    expect(tickLabels([4], { counts: true })).toEqual(['0', '1', '2', '3', '4', '1']);
    expect(tickLabels([1, 1, 1], { counts: true })).toEqual(['0', '1', '1', '2', '3']);
    expect(tickLabels([120_000, 40_000], { counts: true })).toEqual(['0', '1', '2']);
    const bars = barFigure([{ name: 'a', value: 1 }], { figure: 'f', x: 'x', y: 'y' });
    expect(numbers(bars)).toEqual(['0', '1']);
    const box = { name: 'a', lowest: 3, lowerQuartile: 3, median: 3, upperQuartile: 3, highest: 3, mean: 3 };
    const labels = { figure: 'f', x: 'rating', y: '' };
    const same = [
      boxesFigure([box], labels),
      bandFigure([{ x: 1979, y: 3, low: 3, high: 3 }], labels),
      curvesFigure([{ name: 'a', points: [{ x: 1, y: 0.5 }] }], labels),
      lineFigure([{ x: 1979, y: 3 }], labels),
    ];
    for (const figure of same) {
      expect(numbers(figure).length).toBeGreaterThan(1);
      for (const label of numbers(figure)) expect(label?.length).toBeLessThan(6);
      expect(figure.text).not.toContain('NaN');
    }
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
