import type { Flow } from '../../../src/operators/flow.ts';
import type { MicroBatch } from '../../../src/operators/micro-batch.ts';
import type { DuplicateRules } from '../../../src/operators/recent-elements.ts';
import type { RandomGraph, TestFrame, Trace } from './random-graph.ts';

/** Distinct frames that a pipeline remembers. */
const RECENT = 2;
const RESULT_BYTES = 3;

/**
 * What a frame shows: `hold` frames in a row show the same, and after `cycle` pictures the first
 * one comes again.
 */
export function keyOf(graph: RandomGraph, index: number): number {
  return Math.floor(index / graph.hold) % graph.cycle;
}

/** The most bytes that the remembered results of one pipeline take. */
export const ONCE_KEEPS = RECENT * RESULT_BYTES;

/** The result of a frame: its own index, what it shows, and the frame that was computed for it. */
export interface Shown {
  readonly index: number;
  readonly key: number;
}

/** A batcher that computes equal frames once. */
export class OnceBatch {
  readonly batcher: MicroBatch<TestFrame, Shown>;
  readonly #computed = new Map<number, number>();
  readonly #graph: RandomGraph;

  constructor(flow: Flow, graph: RandomGraph, trace: Trace, work: () => Promise<boolean>) {
    this.#graph = graph;
    const { maxCount, maxDelay, maxInFlight, maxBytes, unheld: maxUnheld } = graph;
    const duplicates: DuplicateRules<TestFrame, Shown> = {
      recent: RECENT,
      resultBytes: RESULT_BYTES,
      maxUnheld,
      sample: (frame) => keyOf(graph, frame.use().index) % 2,
      digest: (frame) => `${keyOf(graph, frame.use().index)}`,
      ownResult: (frame) => {
        const { index } = frame.use();
        return ({ key }) => ({ index, key });
      },
    };
    this.batcher = flow.microBatch({
      name: 'once',
      ...{ maxCount, maxDelay, maxInFlight, duplicates, releaseFirst: true, resultCost: () => 0 },
      maxBytes,
      run: async (batch) => {
        trace.check(batch.length <= maxCount, 'a batch has at most `maxCount` elements');
        for (const { video } of batch) this.#computed.set(video, (this.#computed.get(video) ?? 0) + 1);
        const all = await work();
        const results = batch.map((frame) => ({ index: frame.use().index, key: keyOf(graph, frame.index) }));
        return all ? results : results.slice(1);
      },
    });
  }

  /** Checks what was computed in a run that ended well. */
  check(flow: Flow, trace: Trace): void {
    const { frames, videos, branches } = this.#graph;
    const pipelines = branches.filter(({ kind }) => kind === 'once').length;
    const { operators, pressureFlushes } = flow.metrics();
    const counted = operators.find(({ name }) => name === 'once');
    const least = pipelines * leastComputed(this.#graph, frames);
    for (let video = 0; video < videos; video++) {
      const computed = this.#computed.get(video) ?? 0;
      trace.check(
        computed === least || (pressureFlushes > 0 && computed > least && computed <= pipelines * frames),
        `equal frames are computed once: ${computed} of ${pipelines * frames}, expected ${least}`,
      );
    }
    const computed = [...this.#computed.values()].reduce((sum, count) => sum + count, 0);
    trace.check(
      counted === undefined ||
        (counted.in === videos * pipelines * frames && counted.duplicates === counted.in - computed),
      `duplicates are counted: ${counted?.duplicates} of ${counted?.in}, computed ${computed}`,
    );
  }
}

/** Frames that a memory of the last two distinct ones does not know. */
function leastComputed(graph: RandomGraph, frames: number): number {
  let known: number[] = [];
  let computed = 0;
  for (let index = 0; index < frames; index++) {
    const key = keyOf(graph, index);
    if (!known.includes(key)) computed++;
    known = [...known.filter((each) => each !== key), key].slice(-RECENT);
  }
  return computed;
}
