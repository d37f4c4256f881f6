import type { Points } from './points.ts';

/** The neighbours of every point, one after another. */
export interface NeighbourLists {
  /** int32[points]: how many each has. */
  readonly runs: Int32Array;
  readonly indices: Int32Array;
  readonly distances: Float64Array;
}

/**
 * Joins the parts of a graph of neighbours, so that a spectral layout of it exists: of every part
 * but the largest, the point that is nearest to the largest part's mean gets the nearest point of
 * that part as one more neighbour, at its true distance. A graph of one part stays as it is.
 */
export function connected(points: Points, lists: NeighbourLists): { lists: NeighbourLists; parts: number } {
  const partOf = partsOf(points.count, lists);
  const sizes = new Map<number, number>();
  for (const part of partOf) sizes.set(part, (sizes.get(part) ?? 0) + 1);
  if (sizes.size === 1) return { lists, parts: 1 };
  const [largest] = [...sizes].reduce((most, each) => (each[1] > most[1] ? each : most));
  const mean = meanOf(points, partOf, largest);
  const added = new Map<number, number>();
  for (const part of sizes.keys()) {
    if (part === largest) continue;
    const from = nearestTo(points, partOf, part, mean);
    const { values, dimension } = points;
    added.set(from, nearestTo(points, partOf, largest, values.subarray(from * dimension, (from + 1) * dimension)));
  }
  return { lists: withLinks(points, lists, added), parts: sizes.size };
}

/** The part of each point: the least point that it is joined with. */
function partsOf(count: number, { runs, indices }: NeighbourLists): Int32Array {
  const root = Int32Array.from({ length: count }, (_, point) => point);
  const find = (point: number): number => {
    let at = point;
    while (root[at] !== at) {
      root[at] = root[root[at] as number] as number;
      at = root[at] as number;
    }
    return at;
  };
  let place = 0;
  for (let point = 0; point < count; point++) {
    for (let n = 0; n < (runs[point] as number); n++, place++) {
      const [one, other] = [find(point), find(indices[place] as number)];
      root[Math.max(one, other)] = Math.min(one, other);
    }
  }
  return root.map((_, point) => find(point));
}

function meanOf({ values, count, dimension }: Points, partOf: Int32Array, part: number): Float64Array {
  const sum = new Float64Array(dimension);
  let members = 0;
  for (let point = 0; point < count; point++) {
    if (partOf[point] !== part) continue;
    members++;
    for (let axis = 0; axis < dimension; axis++) {
      sum[axis] = (sum[axis] as number) + (values[point * dimension + axis] as number);
    }
  }
  return sum.map((value) => value / members);
}

function nearestTo(points: Points, partOf: Int32Array, part: number, target: ArrayLike<number>): number {
  let [nearest, least] = [-1, Number.POSITIVE_INFINITY];
  for (let point = 0; point < points.count; point++) {
    if (partOf[point] !== part) continue;
    const distance = distanceTo(points, point, target);
    if (distance < least) [nearest, least] = [point, distance];
  }
  return nearest;
}

function distanceTo({ values, dimension }: Points, point: number, target: ArrayLike<number>): number {
  let sum = 0;
  for (let axis = 0; axis < dimension; axis++) {
    sum += ((values[point * dimension + axis] as number) - (target[axis] as number)) ** 2;
  }
  return Math.sqrt(sum);
}

function withLinks(points: Points, lists: NeighbourLists, added: ReadonlyMap<number, number>): NeighbourLists {
  const runs = lists.runs.slice();
  const indices = new Int32Array(lists.indices.length + added.size);
  const distances = new Float64Array(indices.length);
  let [from, to] = [0, 0];
  for (const [point, run] of lists.runs.entries()) {
    indices.set(lists.indices.subarray(from, from + run), to);
    distances.set(lists.distances.subarray(from, from + run), to);
    [from, to] = [from + run, to + run];
    const other = added.get(point);
    if (other === undefined) continue;
    const { values, dimension } = points;
    runs[point] = run + 1;
    indices[to] = other;
    distances[to] = distanceTo(points, point, values.subarray(other * dimension, (other + 1) * dimension));
    to++;
  }
  return { runs, indices, distances };
}
