import type * as Plot from '@observablehq/plot';
import { given } from '../../core/given.ts';
import { counted } from './table.ts';

/** Up to this many whole numbers, each has a tick. */
const FEW = 8;
/** Large counts in little room: 20K. */
const COMPACT = new Intl.NumberFormat('en-US', { notation: 'compact' });
/** Half the width of an axis whose values are all the same. */
const ALONE = 0.1;

/** The least and the greatest value. */
function rangeOf(values: readonly number[]): readonly [low: number, high: number] {
  const low = values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
  const high = values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  return [low, high];
}

/**
 * The domain of a linear axis of values that are all the same, which have no range of their own;
 * undefined for others, whose domain is chosen from them.
 */
export function domainOfOne(values: readonly number[]): [number, number] | undefined {
  const [low, high] = rangeOf(values);
  return values.length > 0 && high - low <= 1e-9 ? [low - ALONE, high + ALONE] : undefined;
}

/** A linear axis of whole numbers, without a thousands separator because years are such numbers. */
export function wholeAxis(values: readonly number[]): Plot.ScaleOptions {
  const [low, high] = rangeOf(values);
  const few = high - low < FEW ? Array.from({ length: high - low + 1 }, (_, step) => low + step) : undefined;
  const domain = low === high ? [low - 1, high + 1] : undefined;
  return given({ ticks: few, tickFormat: 'd', domain });
}

/** A linear axis of counts, from 0. */
export function countAxis(values: readonly number[]): Plot.ScaleOptions {
  const [, high] = rangeOf([...values, 1]);
  const few = high < FEW ? Array.from({ length: high + 1 }, (_, count) => count) : undefined;
  return given({
    domain: [0, high],
    nice: high >= FEW,
    ticks: few,
    tickFormat: (count: number) => (high < 10_000 ? counted(count) : COMPACT.format(count)),
  });
}

/** A logarithmic axis that has labels even if the values span less than a decade. */
export function logAxis(values: readonly number[]): Plot.ScaleOptions {
  const [low, high] = rangeOf(values);
  const steps = high / low > 1000 ? [1] : [1, 2, 5];
  const powers = Array.from({ length: 1 + Math.ceil(Math.log10(high)) }, (_, power) => 10 ** power);
  const round = powers
    .flatMap((power) => steps.map((step) => step * power))
    .filter((value) => value >= low && value <= high);
  const ticks = round.length > 1 ? round : [...new Set([low, high])];
  return given({
    transform: Math.log10,
    domain: low === high ? [Math.log10(low / 2), Math.log10(high * 2)] : undefined,
    ticks: ticks.map(Math.log10),
    tickFormat: (power: number) => counted(Math.round(10 ** power)),
  });
}
