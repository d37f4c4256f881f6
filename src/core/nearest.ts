/**
 * The word nearest to a mistyped one, or undefined if none is near: at most a third of its letters
 * missing, added, replaced, or swapped with the next.
 *
 * @example
 * nearestOf('ouput', ['out', 'output']); // 'output'
 */
export function nearestOf(word: string, words: readonly string[]): string | undefined {
  const distances = words.map((each) => ({ each, distance: editDistance(word, each) }));
  const [best] = distances.sort((first, second) => first.distance - second.distance);
  return best !== undefined && best.distance <= Math.max(1, Math.floor(word.length / 3)) ? best.each : undefined;
}

/**
 * Optimal string alignment: insertions, deletions, replacements and swaps of neighbours, each
 * letter once.
 */
function editDistance(first: string, second: string): number {
  let before: number[] = [];
  let last = Array.from({ length: second.length + 1 }, (_, column) => column);
  for (let row = 1; row <= first.length; row++) {
    const current = [row];
    for (let column = 1; column <= second.length; column++) {
      const same = first[row - 1] === second[column - 1];
      const swapped =
        row > 1 && column > 1 && first[row - 1] === second[column - 2] && first[row - 2] === second[column - 1];
      current.push(
        Math.min(
          (last[column] as number) + 1,
          (current[column - 1] as number) + 1,
          (last[column - 1] as number) + (same ? 0 : 1),
          swapped ? (before[column - 2] as number) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    [before, last] = [last, current];
  }
  return last[second.length] as number;
}
