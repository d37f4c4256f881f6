import { keyOf } from './once-branch.ts';
import type { Branch, RandomGraph } from './random-graph.ts';

/**
 * The frames in each output of a branch that is given all frames of a video, in order; of `once`
 * also what each shows.
 */
export function expectedOutputs(branch: Branch, graph: RandomGraph): number[][] {
  const { frames } = graph;
  const all = Array.from({ length: frames }, (_, index) => index);
  const single = (list: number[]): number[][] => list.map((index) => [index]);
  if (branch.kind === 'map') return single(all.filter((index) => index % branch.drop === 0));
  if (branch.kind === 'once') return all.map((index) => [index, keyOf(graph, index)]);
  if (branch.kind === 'take') return single(all.slice(0, branch.count));
  if (branch.kind === 'buffer') return pieces(all, branch.every, branch.every);
  if (branch.kind === 'window') return pieces(all, branch.size, branch.step);
  if (branch.kind === 'many') return all.flatMap((index) => Array.from({ length: branch.count }, () => [index]));
  if (branch.kind === 'own') return all.slice(1).map((index) => [index - 1, index]);
  if (branch.kind === 'window-map' || branch.kind === 'window-view') return pieces(all, branch.size, branch.size);
  return single(all);
}

function pieces(all: number[], size: number, step: number): number[][] {
  const windows: number[][] = [];
  let covered = 0;
  for (let start = 0; start < all.length && (covered < all.length || start === 0); start += step) {
    windows.push(all.slice(start, start + size));
    covered = start + size;
  }
  return windows;
}
