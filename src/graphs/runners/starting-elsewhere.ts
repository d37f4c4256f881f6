/**
 * The order in which the n-th process at work on a list goes through it: the first from
 * its beginning, the second from its middle, then from a quarter, three quarters, an eighth ..., so
 * that each does what none of the others is doing. Every process gets to everything in the end.
 *
 * @param others processes that were there earlier.
 *
 * @example
 * startingElsewhere(['a', 'b', 'c', 'd'], 1); // ['c', 'd', 'a', 'b']
 */
export function startingElsewhere<Item>(items: readonly Item[], others: number): readonly Item[] {
  let [part, place] = [0, 0.5];
  for (let rest = others; rest > 0; rest = Math.floor(rest / 2)) {
    part += place * (rest % 2);
    place /= 2;
  }
  const first = Math.floor(items.length * part);
  return first === 0 ? items : [...items.slice(first), ...items.slice(0, first)];
}
