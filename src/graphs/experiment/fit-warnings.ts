import type { PointResult } from './point-result.ts';

/** How many places a warning names. */
const named = 3;

/**
 * What looks doubtful about the fits of each row of the tables: a sentence for each kind of doubt,
 * with the places where it was found.
 */
export function fitWarnings(results: readonly PointResult[]): string[] {
  const rows = new Map<string, PointResult[]>();
  for (const result of results) {
    const row = `${result.label} in ${result.scenario}`;
    rows.set(row, [...(rows.get(row) ?? []), result]);
  }
  return [...rows].flatMap(([row, points]) => {
    const kinds = new Map<string, { readonly first: string; readonly places: string[] }>();
    for (const point of points) {
      for (const doubt of [...(point.validation?.warnings ?? []), ...(point.warnings ?? [])]) {
        const kind = kindOf(doubt);
        const found = kinds.get(kind) ?? { first: doubt, places: [] };
        found.places.push(placeText(point));
        kinds.set(kind, found);
      }
    }
    return [...kinds.values()].map(
      ({ first, places }) =>
        `${row}: ${places.length} of ${points.length} fits are doubtful (${listed(places)}); in the first, ${first}`,
    );
  });
}

/**
 * Warns of test parts in which every rating is relevant, or none: what depends on the threshold
 * then shows only the threshold. (The first test part is refused if it is so.)
 */
export function testPartWarnings(results: readonly PointResult[], protocol: 'rated' | 'catalogue'): string[] {
  if (protocol === 'catalogue') return [];
  const places = new Map<string, Set<string>>();
  for (const point of results) {
    const { baseRate } = point.evaluation;
    if (baseRate !== 0 && baseRate !== 1) continue;
    const kind = `${baseRate === 0 ? 'no' : 'every'} test rating of ${point.scenario} is relevant`;
    places.set(kind, (places.get(kind) ?? new Set()).add(placeText(point)));
  }
  return [...places].map(
    ([kind, where]) => `${kind} (${listed([...where])}): the figures of lists there show only the threshold`,
  );
}

/** Sentences of one kind differ only in their numbers. */
function kindOf(sentence: string): string {
  return sentence.replace(/\d+(\.\d+)?/g, 'N');
}

function placeText({ splitSeed, seed, fold }: PointResult): string {
  return `${splitSeed === seed ? '' : `split ${splitSeed}, `}seed ${seed}, fold ${fold}`;
}

function listed(places: readonly string[]): string {
  return [...places.slice(0, named), ...(places.length > named ? ['...'] : [])].join('; ');
}
