import { Breather } from '../../core/breather.ts';
import { Nearest } from '../recommenders/nearest-neighbours.ts';
import { nearestOf, squaredDistances } from './nearest-points.ts';
import type { Points } from './points.ts';

/** How well an embedding keeps neighbours, each from 0 to 1. */
export interface Faithfulness {
  /** 1 where no neighbour in the embedding is a stranger in the data. */
  readonly trustworthiness: number;
  /** 1 where every neighbour in the data is one in the embedding. */
  readonly continuity: number;
  readonly k: number;
  /** How many points were asked. */
  readonly asked: number;
}

/**
 * Trustworthiness and continuity of an embedding (Venna and Kaski, 2001), with k neighbours:
 *
 *     T = 1 - 2 / (n k (2 n - 3 k - 1)) sum over points, over false neighbours, of (rank in the data - k)
 *
 * and continuity the same with data and embedding exchanged. Exact for all points that are asked;
 * a sum over some of them is scaled to all. Costs the asked times all distances.
 *
 * @param asked the rows to ask; all of them cost n^2 distances.
 */
export async function faithfulness(data: Points, embedding: Points, asked: Int32Array, k = 15): Promise<Faithfulness> {
  const breather = new Breather();
  const [inData, inEmbedding] = [new Float64Array(data.count), new Float64Array(data.count)];
  const nearest = new Nearest(k);
  const penalty = (truth: Float64Array, claimed: Float64Array, row: number) =>
    nearestOf(claimed, row, nearest).reduce((sum, other) => sum + Math.max(0, rankOf(truth, row, other) - k), 0);
  let [strangers, missed] = [0, 0];
  for (const row of asked) {
    squaredDistances(data, row, inData);
    squaredDistances(embedding, row, inEmbedding);
    strangers += penalty(inData, inEmbedding, row);
    missed += penalty(inEmbedding, inData, row);
    if (breather.isDue) await breather.rest();
  }
  const n = data.count;
  const scaled = (sum: number) => 1 - (2 / (asked.length * k * (2 * n - 3 * k - 1))) * sum;
  return { trustworthiness: scaled(strangers), continuity: scaled(missed), k, asked: asked.length };
}

/** The rank of a point among all others of `row`, from 1 for the nearest; ties in row order. */
function rankOf(distances: Float64Array, row: number, other: number): number {
  const own = distances[other] as number;
  let rank = 1;
  for (let each = 0; each < distances.length; each++) {
    const distance = distances[each] as number;
    if (each !== row && (distance < own || (distance === own && each < other))) rank++;
  }
  return rank;
}
