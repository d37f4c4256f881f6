import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type RandomGraph, randomGraph } from './support/random-graph.ts';
import { runGraph } from './support/run-graph.ts';

const RUNS = Number(process.env.REELFLOW_PROPERTY_RUNS ?? 2000);
const SEED = process.env.REELFLOW_PROPERTY_SEED;

describe('a flow of any shape', () => {
  it(`keeps all its laws on ${RUNS} random graphs`, async () => {
    await fc.assert(
      fc.asyncProperty(randomGraph, async (graph: RandomGraph) => {
        expect(await runGraph(graph)).toEqual([]);
      }),
      { numRuns: RUNS, endOnFailure: SEED !== undefined, seed: SEED === undefined ? Date.now() : Number(SEED) },
    );
  }, 600_000);
});
