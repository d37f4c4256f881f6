import type { PointResult } from './point-result.ts';

/**
 * One sentence for each row of the tables whose networks look doubtful on their validation ratings.
 */
export function networkWarnings(results: readonly PointResult[]): string[] {
  const rows = new Map<string, PointResult[]>();
  for (const result of results) {
    const row = `${result.label} in ${result.scenario}`;
    rows.set(row, [...(rows.get(row) ?? []), result]);
  }
  return [...rows].flatMap(([row, points]) => {
    const doubtful = points.flatMap(({ validation }) => (validation?.warnings?.length ? [validation.warnings] : []));
    const [first] = doubtful;
    if (first === undefined) return [];
    return [`${row}: ${doubtful.length} of ${points.length} fits are doubtful; in the first, ${first.join(', and ')}`];
  });
}
