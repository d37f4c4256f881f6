/** How far an end of the scale may lie from the nearest rating, in usual steps. */
const usualSteps = 2.5;
/**
 * If there are more distinct ratings than this, there is no usual step: their whole range counts as
 * one.
 */
const manyValues = 100;
/** Minimum share of the ratings at an end of the scale, or off the grid, to be beyond doubt. */
const support = 0.001;

/**
 * Reasons to doubt that all ratings are intended: an end of their range that hardly anybody gave
 * and that lies far from the others (45 instead of 4.5 widens the scale tenfold), and a few ratings
 * that are not in half steps when all others are.
 *
 * @returns sentences; none if the ratings look normal.
 *
 * @example
 * scaleDoubts(Float32Array.of(1, 2, 3, 4, 4.5, 45)); // ['45 is given once, ...']
 */
export function scaleDoubts(ratings: ArrayLike<number>): string[] {
  const counts = new Map<number, number>();
  for (let row = 0; row < ratings.length; row++) {
    const rating = ratings[row] as number;
    counts.set(rating, (counts.get(rating) ?? 0) + 1);
  }
  const values = [...counts.keys()].sort((left, right) => left - right);
  const few = (count: number) => count <= Math.max(1, support * ratings.length);
  const times = (count: number) => (count === 1 ? 'once' : `${count} times`);
  const doubts: string[] = [];
  for (const [end, next, rest] of ends(values)) {
    const count = counts.get(end) as number;
    if (!few(count) || Math.abs(end - next) <= usualSteps * usualStep(rest)) continue;
    doubts.push(
      `${shown(end)} is given ${times(count)}, and the rating next to it is ${shown(next)}: it widens the scale of ${ratings.length} ratings, by which errors are divided and predictions bounded`,
    );
  }
  const off = values.filter((value) => !Number.isInteger(value * 2));
  const offCount = off.reduce((sum, value) => sum + (counts.get(value) as number), 0);
  if (off.length > 0 && few(offCount)) {
    const more = off.length > 3 ? ', ...' : '';
    doubts.push(
      `${off.slice(0, 3).map(shown).join(', ')}${more} ${offCount === 1 ? 'is' : 'are'} given ${times(offCount)}, where all other ratings are in half steps`,
    );
  }
  return doubts;
}

/**
 * Each end, with its neighbouring value and all values except the end; none if there are too few
 * values.
 */
function ends(values: readonly number[]): [end: number, next: number, rest: readonly number[]][] {
  if (values.length < 4) return [];
  return [
    [values[0] as number, values[1] as number, values.slice(1)],
    [values.at(-1) as number, values.at(-2) as number, values.slice(0, -1)],
  ];
}

/** The median step between neighbouring values. */
function usualStep(values: readonly number[]): number {
  const range = (values.at(-1) as number) - (values[0] as number);
  if (values.length > manyValues) return range / usualSteps;
  const steps = values.slice(1).map((value, index) => value - (values[index] as number));
  return steps.sort((left, right) => left - right)[steps.length >> 1] as number;
}

/** Float32 digits are enough to identify a rating. */
function shown(value: number): string {
  return String(Number(value.toPrecision(7)));
}
