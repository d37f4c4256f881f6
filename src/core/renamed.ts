/**
 * Facts read from a file, with a property under its current name; earlier versions wrote it under
 * another.
 *
 * @example
 * renamed({ model: 'svd', seed: 1 }, 'model', 'recommender'); // { recommender: 'svd', seed: 1 }
 */
export function renamed<Facts extends object>(facts: Facts, was: string, is: string): Facts {
  if (!Object.hasOwn(facts, was) || Object.hasOwn(facts, is)) return facts;
  return Object.fromEntries(Object.entries(facts).map(([name, value]) => [name === was ? is : name, value])) as Facts;
}
