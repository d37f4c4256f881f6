import type { Statistic } from '../../src/operators/statistics.ts';
import type { SubclipRow, Timed } from '../../src/operators/subclips.ts';

/**
 * Subclip statistics straight from their definitions, with all rows at hand: what the operator is
 * compared with.
 */
export function directSubclips(
  rows: readonly Timed[],
  duration: number,
  counts: readonly number[],
  statistics: readonly Statistic[],
): SubclipRow[] {
  return counts.flatMap((count) =>
    Array.from({ length: count }, (_, subclip) => {
      const own = rows.filter((row) => {
        const position = Math.floor((row.time * count) / duration + 1e-9);
        return Math.min(Math.max(position, 0), count - 1) === subclip;
      });
      const midpoint = ((subclip + 0.5) * duration) / count;
      const centre = (row: Timed) => row.centre ?? row.time;
      const distance = (row: Timed) => Math.abs(centre(row) - midpoint);
      const ofMoments = rows.every((row) => centre(row) === row.time);
      // Of several rows at one time the first counts, as it does for patches.
      const before = rows
        .filter((row) => row.time <= midpoint)
        .reduce<Timed | undefined>((last, row) => (last === undefined || row.time > last.time ? row : last), undefined);
      const nearest = ofMoments
        ? (before ?? (rows[0] as Timed))
        : rows.reduce((best, row) => (distance(row) < distance(best) ? row : best));
      const members = own.length > 0 ? own : [nearest];
      return statistics.map((statistic) => ({
        stream: 'visual',
        statistic,
        subclips: count,
        subclip,
        start: (subclip * duration) / count,
        end: ((subclip + 1) * duration) / count,
        count: own.length,
        vector: summary(
          members.map((row) => [...row.vector]),
          statistic,
        ),
      }));
    }).flat(),
  );
}

function summary(rows: readonly number[][], statistic: Statistic): Float32Array {
  const columns = (rows[0] as number[]).map((_, column) => rows.map((row) => row[column] as number));
  const centre = statistic.startsWith('mean') ? columns.map(mean) : columns.map(median);
  if (statistic === 'mean' || statistic === 'median') return Float32Array.from(centre);
  const spread = columns.map((column, index) => {
    const distances = column.map((value) => value - (centre[index] as number));
    return statistic === 'meanvar' ? mean(distances.map((d) => d * d)) : median(distances.map(Math.abs));
  });
  return Float32Array.from([...centre, ...spread]);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function median(values: readonly number[]): number {
  const ascending = [...values].sort((a, b) => a - b);
  const upper = ascending.length >> 1;
  return ((ascending[upper] as number) + (ascending[(ascending.length - 1) >> 1] as number)) / 2;
}
