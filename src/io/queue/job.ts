import { sha256 } from '../../core/hash.ts';

/**
 * A job in a queue: an item, and the graph to compute for it. No path, no options and no code:
 * whoever can write to the queue can only name items that the dataset has.
 */
export interface Job {
  readonly item: string;
  readonly graph: string;
}

/** Maximum characters of one entry: as long as a path may be, so that a queue stays small. */
const LONGEST = 4096;

/** The job in whatever came from a queue; undefined if it is not one. */
export function jobOf(value: unknown): Job | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { item, graph } = value as Readonly<Record<string, unknown>>;
  const isEntry = (entry: unknown): entry is string =>
    typeof entry === 'string' && entry.length > 0 && entry.length <= LONGEST && !entry.includes('\0');
  return isEntry(item) && isEntry(graph) ? { item, graph } : undefined;
}

/** The name of a job in its queue: each item occurs once, however many drivers request it. */
export function jobId({ graph, item }: Job): string {
  return sha256(JSON.stringify([graph, item])).slice(0, 32);
}
