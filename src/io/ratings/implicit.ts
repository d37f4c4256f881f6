import { shown } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import type { RatingScale } from '../../core/rating-scale.ts';
import type { RatingTable } from './rating-table.ts';

/**
 * Which ratings say that a user chose an item: `any`, or those above a number (`gt:3.5`), or at or
 * above it (`ge:4`).
 */
export type ImplicitRule = 'any' | `gt:${number}` | `ge:${number}`;

/** The scale of implicit ratings: 1 means chosen; 0 is never stated. */
export const implicitScale: RatingScale = { minimum: 0, maximum: 1 };

/** The threshold between chosen and not chosen. */
export const implicitThreshold = 0.5;

/** Checks a rule. @throws UsageError unless it is `any`, `gt:NUMBER` or `ge:NUMBER`. */
export function checkImplicit(rule: unknown): ImplicitRule {
  if (rule === 'any' || (typeof rule === 'string' && /^(gt|ge):-?\d+(\.\d+)?$/.test(rule))) {
    return rule as ImplicitRule;
  }
  throw new UsageError(`\`implicit\` must be any, gt:NUMBER or ge:NUMBER, but is ${shown(rule)}`, {
    option: 'implicit',
  });
}

/**
 * The ratings that pass a rule, each with the value 1; the others are left out.
 *
 * @returns also how many were left out.
 */
export function positivesOf(table: RatingTable, rule: ImplicitRule): { table: RatingTable; leftOut: number } {
  const bound = Math.fround(Number(rule.slice(3)));
  const passes = (value: number): boolean => rule === 'any' || (rule.startsWith('gt') ? value > bound : value >= bound);
  const { values } = table;
  let count = 0;
  for (const value of values) if (passes(value)) count += 1;
  const kept = <T extends Int32Array | Float64Array>(from: T, into: T): T => {
    let at = 0;
    for (let row = 0; row < values.length; row += 1) {
      if (passes(values[row] as number)) into[at++] = from[row] as number;
    }
    return into;
  };
  const { timestamps } = table;
  return {
    table: {
      ...table,
      users: kept(table.users, new Int32Array(count)),
      items: kept(table.items, new Int32Array(count)),
      values: new Float32Array(count).fill(1),
      timestamps: timestamps && kept(timestamps, new Float64Array(count)),
    },
    leftOut: values.length - count,
  };
}
