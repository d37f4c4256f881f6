import { Breather } from '../../core/breather.ts';
import { nearestPoints, squaredDistances } from './nearest-points.ts';
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
  const penalty = async (truth: Points, claimed: Points) => {
    const neighbours = await nearestPoints(claimed, asked, k, breather);
    const distances = new Float64Array(truth.count);
    let sum = 0;
    for (let place = 0; place < asked.length; place++) {
      const row = asked[place] as number;
      squaredDistances(truth, row, distances);
      for (const other of neighbours.subarray(place * k, (place + 1) * k)) {
        sum += Math.max(0, rankOf(distances, row, other) - k);
      }
      if (breather.isDue) await breather.rest();
    }
    const n = truth.count;
    return 1 - (2 / (asked.length * k * (2 * n - 3 * k - 1))) * sum;
  };
  return {
    trustworthiness: await penalty(data, embedding),
    continuity: await penalty(embedding, data),
    k,
    asked: asked.length,
  };
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
