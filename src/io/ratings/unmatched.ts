/** Unmatched ids, as the start of a sentence: `3 of 10 items ('4', ...) are`. */
export function unmatched(missing: readonly string[], all: number): string {
  const some = missing.slice(0, 3).map((id) => `'${id}'`);
  return `${missing.length} of ${all} items (${[...some, ...(missing.length > 3 ? ['...'] : [])].join(', ')}) are`;
}
