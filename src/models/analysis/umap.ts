import { checkInteger, checkPositive } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { connected, type NeighbourLists } from './connected-neighbours.ts';
import type { Points } from './points.ts';
import { rankedNeighbours } from './ranked-neighbours.ts';
import { inUmapThread } from './umap-thread.ts';

/** Options of `umap`. */
export interface UmapOptions {
  /** How many neighbours of each point make the graph. Default 15. */
  readonly neighbours?: number | undefined;
  /** How near points may come in the plane. Default 0.1. */
  readonly minDistance?: number | undefined;
  /** How often every edge is drawn. Default 500, and 200 for more than 10,000 points. */
  readonly epochs?: number | undefined;
  /**
   * The same points in fewer coordinates, such as their first principal components. Where
   * neighbours are approximate, candidates are looked for in these, and the nearest of the
   * candidates in the points themselves are the neighbours. Default: the points themselves.
   */
  readonly coarse?: Points | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onEpoch?: ((epoch: number, of: number) => void) | undefined;
}

/** Points in the plane, and what was done for them. */
export interface PlanarEmbedding {
  readonly points: Points;
  /**
   * Into how many parts the graph of neighbours fell. More than one were joined, each to the
   * largest by its nearest points, before the start was computed.
   */
  readonly parts: number;
  readonly neighbours: number;
}

/** Up to here neighbours are found exactly. */
export const EXACT_ROWS = 5000;
/** So many candidates are looked for in coarse coordinates for each neighbour. */
const CANDIDATES = 2;

/**
 * Lays points out in the plane by UMAP (McInnes, Healy and Melville, 2018) as scran.js computes it:
 * Euclidean neighbours, spectral start, one thread and fixed seeds, so that the same points give
 * the same layout again on the same machine. Up to 5,000 points their neighbours are exact, beyond
 * that approximate.
 *
 * Holds a copy as float64 of the coordinates in which neighbours are looked for, and as much again
 * for the index of neighbours.
 *
 * @throws UsageError of fewer than five points, of values that are not finite, or when an option is
 * out of range; FlowError `aborted`; SystemError `session` when there is too little memory.
 */
export async function umap(points: Points, options: UmapOptions = {}): Promise<PlanarEmbedding> {
  const { count, dimension } = points;
  const { signal, onEpoch } = options;
  if (count < 5) throw new UsageError(`a layout needs at least 5 points, but there are ${count}`);
  const bad = points.values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new UsageError(`value ${bad % dimension} of point ${Math.floor(bad / dimension)} is not finite`);
  const neighbours = Math.min(checkInteger('neighbours', options.neighbours ?? 15, 2), count - 1);
  const minDistance = checkPositive('minDistance', options.minDistance ?? 0.1);
  const epochs = checkInteger('epochs', options.epochs ?? defaultEpochs(count), 1);
  const { lists, parts } = connected(points, await neighboursOf(points, neighbours, options));
  const { x, y } = await inUmapThread<'layout'>({ kind: 'layout', lists, epochs, minDistance }, { signal, onEpoch });
  const plane = new Float64Array(2 * count);
  for (let point = 0; point < count; point++) plane.set([x[point] as number, y[point] as number], 2 * point);
  return { points: { values: plane, count, dimension: 2 }, parts, neighbours };
}

function defaultEpochs(count: number): number {
  return count > 10_000 ? 200 : 500;
}

async function neighboursOf(points: Points, k: number, { coarse, signal }: UmapOptions): Promise<NeighbourLists> {
  const approximate = points.count > EXACT_ROWS;
  const isRanked = coarse !== undefined && approximate;
  const { values, count, dimension } = isRanked ? coarse : points;
  const { lists } = await inUmapThread<'neighbours'>(
    {
      ...{ kind: 'neighbours', values: Float64Array.from(values), count, dimension, approximate },
      k: isRanked ? Math.min(CANDIDATES * k, count - 1) : k,
    },
    { signal },
  );
  return isRanked ? rankedNeighbours(points, lists, k) : lists;
}
