import { setImmediate as nextTurn } from 'node:timers/promises';
import * as scran from 'scran.js';
import { checkInteger, checkPositive } from '../../core/check.ts';
import { FlowError, UsageError } from '../../core/errors.ts';
import { connected } from './connected-neighbours.ts';
import type { Points } from './points.ts';

/** Options of `umap`. */
export interface UmapOptions {
  /** How many neighbours of each point make the graph. Default 15. */
  readonly neighbours?: number | undefined;
  /** How near points may come in the plane. Default 0.1. */
  readonly minDistance?: number | undefined;
  /** How often every edge is drawn. Default 500, and 200 for more than 10,000 points. */
  readonly epochs?: number | undefined;
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
const EXACT_ROWS = 5000;
/** Milliseconds of epochs between two turns of the event loop. */
const TURN = 200;

/**
 * Lays points out in the plane by UMAP (McInnes, Healy and Melville, 2018) as scran.js computes it:
 * Euclidean neighbours, spectral start, one thread and fixed seeds, so that the same points give
 * the same layout again on the same machine. Up to 5,000 points their neighbours are exact, beyond
 * that approximate.
 *
 * Holds a copy of the points as float64, and as much again for the index of neighbours.
 *
 * @throws UsageError of fewer than five points, of values that are not finite, or when an option is
 * out of range; FlowError `aborted`.
 */
export function umap(points: Points, options: UmapOptions = {}): Promise<PlanarEmbedding> {
  const own = last.then(() => layOut(points, options));
  last = own.catch(() => undefined);
  return own;
}

/** The layout before it: scran.js is one module for the process, so they wait. */
let last: Promise<unknown> = Promise.resolve();

async function layOut(points: Points, options: UmapOptions): Promise<PlanarEmbedding> {
  const { count, dimension } = points;
  if (count < 5) throw new UsageError(`a layout needs at least 5 points, but there are ${count}`);
  const bad = points.values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new UsageError(`value ${bad % dimension} of point ${Math.floor(bad / dimension)} is not finite`);
  const neighbours = Math.min(checkInteger('neighbours', options.neighbours ?? 15, 2), count - 1);
  const minDist = checkPositive('minDistance', options.minDistance ?? 0.1);
  const epochs = checkInteger('epochs', options.epochs ?? (count > 10_000 ? 200 : 500));
  await scran.initialize({ numberOfThreads: 1 });
  const kept: { free(): void }[] = [];
  const keep = <T extends { free(): void }>(each: T): T => {
    kept.push(each);
    return each;
  };
  try {
    const values = keep(scran.createFloat64WasmArray(count * dimension));
    values.array().set(points.values);
    const shape = { numberOfDims: dimension, numberOfCells: count };
    const index = keep(scran.buildNeighborSearchIndex(values, { ...shape, approximate: count > EXACT_ROWS }));
    await nextTurn();
    checkAborted(options.signal);
    const found = keep(scran.findNearestNeighbors(index, neighbours, { numberOfThreads: 1 }));
    await nextTurn();
    checkAborted(options.signal);
    const { lists, parts } = connected(points, found.serialize());
    const joined =
      parts === 1
        ? found
        : keep(scran.FindNearestNeighborsResults.unserialize(lists.runs, lists.indices, lists.distances));
    const status = keep(scran.initializeUmap(joined, { epochs, minDist, numberOfThreads: 1 }));
    while (status.currentEpoch() < status.totalEpochs()) {
      status.run({ runTime: TURN });
      options.onEpoch?.(status.currentEpoch(), status.totalEpochs());
      await nextTurn();
      checkAborted(options.signal);
    }
    const { x, y } = status.extractCoordinates();
    const plane = Float64Array.from({ length: 2 * count }, (_, at) => (at % 2 === 0 ? x : y)[at >> 1] as number);
    return { points: { values: plane, count, dimension: 2 }, parts, neighbours };
  } finally {
    for (const each of kept.reverse()) each.free();
    await scran.terminate();
  }
}

function checkAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new FlowError('aborted', 'the layout was stopped', { cause: signal.reason });
}
