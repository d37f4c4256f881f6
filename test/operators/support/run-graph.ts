import { catchError, defer, EMPTY, finalize, map, merge, mergeMap, type Observable, range, share } from 'rxjs';
import { FlowError } from '../../../src/core/errors.ts';
import { BudgetTooSmallError } from '../../../src/operators/budget.ts';
import { Flow } from '../../../src/operators/flow.ts';
import type { MicroBatch } from '../../../src/operators/micro-batch.ts';
import type { PullSource } from '../../../src/operators/source.ts';
import { Branches } from './branches.ts';
import { expectedOutputs } from './expected-outputs.ts';
import { byFirst, checkClocks, same, show } from './laws.ts';
import { OnceBatch } from './once-branch.ts';
import {
  claimOf,
  estimateOf,
  keptOf,
  type RandomGraph,
  TestFrame,
  Trace,
  turns,
  unexpectedOf,
} from './random-graph.ts';

const INJECTED = 'injected';
/** Milliseconds after which a run counts as hanging. */
const PATIENCE = Number(process.env.REELFLOW_PROPERTY_PATIENCE ?? 10_000);

/** An output of a branch: which frames went into it. */
interface Output {
  readonly video: number;
  readonly branch: number;
  readonly indices: readonly number[];
}

/** Runs a random graph to its end and says which laws it broke. */
export async function runGraph(graph: RandomGraph): Promise<string[]> {
  return new GraphRun(graph).run();
}

class GraphRun {
  readonly #graph: RandomGraph;
  readonly #trace = new Trace();
  readonly #flow: Flow;
  readonly #batch: MicroBatch<TestFrame, TestFrame>;
  readonly #lean: MicroBatch<TestFrame, number>;
  readonly #once: OnceBatch;
  readonly #branches: Branches;
  readonly #outputs = new Map<string, number[][]>();
  readonly #failed = new Set<number>();
  #lateErrors = 0;
  #latency = 0;
  #emitted = 0;
  #running = 0;

  constructor(graph: RandomGraph) {
    this.#graph = graph;
    const { maxCount, maxDelay, maxInFlight, maxBytes, budget, maxOvercommit, lowWatermark, yieldAfter } = graph;
    this.#flow = new Flow(budget, {
      maxOvercommit,
      lowWatermark,
      yieldAfter,
      onLateError: (error) => {
        this.#lateErrors++;
        this.#trace.check((error as Error).message === INJECTED, `late errors are injected ones: ${error}`);
      },
    });
    const policy = { maxCount, maxDelay, maxInFlight, maxBytes };
    this.#batch = this.#flow.microBatch({ ...policy, name: 'batch', run: (batch) => this.#runBatch(batch) });
    this.#lean = this.#flow.microBatch({
      ...policy,
      name: 'lean',
      releaseFirst: true,
      resultCost: () => 0,
      run: async (batch) => {
        await this.#wait();
        return batch.map((frame) => frame.use().index);
      },
    });
    this.#once = new OnceBatch(this.#flow, graph, this.#trace, async () => {
      await this.#wait();
      if (graph.ending === 'fail-batch' && this.#emitted > graph.at) throw new Error(INJECTED);
      return !(graph.ending === 'fail-count' && this.#emitted > graph.at);
    });
    this.#branches = new Branches({
      trace: this.#trace,
      batch: this.#batch,
      lean: this.#lean,
      once: this.#once,
      wait: () => this.#wait(),
      failStage: () => {
        if (graph.ending === 'fail-stage' && this.#emitted > graph.at) throw new Error(INJECTED);
      },
    });
  }

  async run(): Promise<string[]> {
    const trace = this.#trace;
    const outcome = await this.#finish();
    for (let turn = 0; turn < 400 && !this.#quiet; turn++) await turns(1);
    await turns(2);
    if (outcome === 'hung') return ['the graph terminates'];
    trace.check(this.#quiet, `counters are zero and registries empty at the end (${JSON.stringify(this.#left())})`);
    trace.check(trace.opened === trace.closed, 'each reader is closed exactly once');
    trace.check(trace.read === trace.idle && trace.liveBytes === 0, 'each payload is idle exactly once');
    this.#checkMemory();
    this.#checkOutcome(outcome);
    checkClocks(this.#flow, this.#trace);
    return trace.broken;
  }

  #left(): Record<string, number> {
    const { held, reserved, inFlight, registered } = this.#flow;
    return { held, reserved, inFlight, registered };
  }

  get #quiet(): boolean {
    return Object.values(this.#left()).every((count) => count === 0);
  }

  #finish(): Promise<'complete' | 'unsubscribed' | 'hung' | { error: unknown }> {
    const { videos, concurrency, ending, at } = this.#graph;
    return new Promise((resolve) => {
      const patience = setTimeout(() => resolve('hung'), PATIENCE);
      let subscribing = true;
      const all = range(0, videos).pipe(mergeMap((video) => this.#video(video), concurrency));
      const subscription = all.pipe(finalize(() => clearTimeout(patience))).subscribe({
        next: (output) => {
          this.#trace.check(!subscribing, 'nothing is emitted inside subscribe');
          this.#emitted++;
          this.#record(output);
          if (ending === 'unsubscribe' && this.#emitted > at) {
            if (at % 2 === 0) subscription.unsubscribe();
            else queueMicrotask(() => subscription.unsubscribe());
            resolve('unsubscribed');
          }
        },
        error: (error) => resolve({ error }),
        complete: () => resolve('complete'),
      });
      subscribing = false;
      if (ending === 'unsubscribe' && at < 3) {
        void turns(at).then(() => subscription.unsubscribe());
        resolve('unsubscribed');
      }
    });
  }

  #video(video: number): Observable<Output> {
    const graph = this.#graph;
    return defer(() => {
      const claim = graph.claims ? { claim: claimOf(graph), kept: keptOf(graph) } : {};
      const scope = this.#flow.scope(`video-${video}`, claim);
      const frames = scope
        .source(() => this.#open(video), {
          name: 'frames',
          cost: (frame) => frame.byteLength,
          estimate: estimateOf(graph),
        })
        .pipe(share());
      const branches = graph.branches.map((branch, position) =>
        this.#branches.make(branch, frames, scope).pipe(map((used) => ({ video, branch: position, indices: used }))),
      );
      return merge(...branches);
    }).pipe(
      catchError((error) => {
        if (!graph.isolate) throw error;
        this.#failed.add(video);
        this.#checkError(error);
        return EMPTY;
      }),
    );
  }

  async #runBatch(batch: readonly TestFrame[]): Promise<TestFrame[]> {
    const { maxCount, maxBytes, maxInFlight, ending, at } = this.#graph;
    const bytes = batch.reduce((sum, frame) => sum + frame.use().byteLength, 0);
    this.#trace.check(++this.#running <= maxInFlight, 'at most `maxInFlight` batches are in flight');
    this.#trace.check(batch.length > 0 && batch.length <= maxCount, 'a batch has at most `maxCount` elements');
    this.#trace.check(batch.length === 1 || bytes <= (maxBytes ?? bytes), 'a batch has at most `maxBytes`');
    await this.#wait();
    for (const frame of batch) frame.use();
    this.#running--;
    if (ending === 'fail-batch' && this.#emitted > at) throw new Error(INJECTED);
    return ending === 'fail-count' && this.#emitted > at ? batch.slice(1) : [...batch];
  }

  #wait(): Promise<void> {
    const { latencies } = this.#graph;
    return turns(latencies[this.#latency++ % latencies.length] as number);
  }

  async #open(video: number): Promise<PullSource<TestFrame> | AsyncIterable<TestFrame>> {
    const { ending, at, reader, slowOpen } = this.#graph;
    if (slowOpen) await this.#wait();
    if (ending === 'fail-open' && video === at % 4) throw new Error(INJECTED);
    return reader === 'generator' ? this.#generate(video) : this.#puller(video);
  }

  #frame(video: number, index: number): TestFrame | undefined {
    const { frames, sizes, ending, at } = this.#graph;
    if (ending === 'fail-read' && this.#trace.read > at) throw new Error(INJECTED);
    if (index >= frames) return undefined;
    return new TestFrame(video, index, sizes[index % sizes.length] as number, this.#flow.pool, this.#trace);
  }

  #puller(video: number): PullSource<TestFrame> {
    const trace = this.#trace;
    let index = 0;
    let reading = false;
    let closed = false;
    trace.opened++;
    return {
      next: () => {
        trace.check(!closed, 'no read after close');
        trace.check(!reading, 'no read before the last one has answered');
        if (this.#graph.reader === 'sync') return this.#frame(video, index++);
        reading = true;
        return this.#wait().then(() => {
          reading = false;
          return this.#frame(video, index++);
        });
      },
      close: async () => {
        trace.check(!closed, 'each reader is closed exactly once');
        closed = true;
        trace.closed++;
        if (this.#graph.ending === 'fail-close') throw new Error(INJECTED);
      },
    };
  }

  async *#generate(video: number): AsyncGenerator<TestFrame> {
    this.#trace.opened++;
    try {
      for (let index = 0; ; index++) {
        await this.#wait();
        const frame = this.#frame(video, index);
        if (frame === undefined) return;
        yield frame;
      }
    } finally {
      this.#trace.closed++;
    }
  }

  #record({ video, branch, indices }: Output): void {
    const key = `${video}/${branch}`;
    const list = this.#outputs.get(key) ?? [];
    list.push([...indices]);
    this.#outputs.set(key, list);
    const { idleBytes } = this.#flow.pool;
    this.#trace.check(
      idleBytes === 0 || idleBytes + this.#flow.held <= this.#graph.budget,
      'idle pooled and held bytes stay within the budget',
    );
  }

  #checkMemory(): void {
    const { budget, maxOvercommit, claims } = this.#graph;
    const { overcommits, peakOvercommit, peakHeld } = this.#flow.metrics();
    const trace = this.#trace;
    const keeps = this.#graph.branches.some(({ kind }) => kind === 'holder' || kind === 'once');
    trace.check(peakHeld === Math.max(peakHeld, budget + peakOvercommit) || peakOvercommit === 0, 'peaks agree');
    trace.check(peakHeld <= budget + peakOvercommit, 'accounted bytes stay within the budget and the overcommit');
    trace.check(trace.peakLiveBytes <= peakHeld, 'real bytes stay within the accounted ones');
    if (!keeps) {
      trace.check(peakOvercommit <= maxOvercommit + unexpectedOf(this.#graph), 'the overcommit stays within its limit');
    }
    if (claims) trace.check(overcommits === 0 && peakOvercommit === 0, 'truthful claims need no overcommit');
  }

  #checkError(error: unknown): void {
    const { ending, claims, maxOvercommit } = this.#graph;
    if (error instanceof BudgetTooSmallError) {
      this.#trace.check(!claims && maxOvercommit < 1e9, 'the budget is too small only where overcommit has a limit');
    } else if (error instanceof FlowError) {
      this.#trace.check(error.code === 'batch-result' && ending === 'fail-count', `only injected errors: ${error}`);
    } else {
      this.#trace.check((error as Error).message === INJECTED, `only injected errors surface, but: ${error}`);
    }
  }

  #checkOutcome(outcome: 'complete' | 'unsubscribed' | { error: unknown }): void {
    const { videos, branches, ending, isolate } = this.#graph;
    if (outcome === 'complete' && this.#failed.size === 0) this.#once.check(this.#flow, this.#trace);
    if (typeof outcome === 'object') {
      this.#checkError(outcome.error);
      this.#trace.check(!isolate, 'an isolated error ends its video only');
    }
    if (!ending.startsWith('fail')) this.#trace.check(this.#lateErrors === 0, 'no late errors without injected ones');
    if (ending === 'fail-close' && outcome === 'complete' && this.#graph.reader !== 'generator') {
      const surfaced = this.#failed.size + this.#lateErrors;
      this.#trace.check(surfaced >= videos, 'an error of close is never swallowed');
    }
    for (let video = 0; video < videos; video++) {
      branches.forEach((branch, position) => {
        const got = this.#outputs.get(`${video}/${position}`) ?? [];
        const expected = expectedOutputs(branch, this.#graph);
        const inOrder =
          (branch.kind === 'map' || branch.kind === 'expand') && !branch.ordered ? [...got].sort(byFirst) : got;
        const whole = outcome === 'complete' && !this.#failed.has(video);
        if (whole)
          this.#trace.check(same(inOrder, expected), `lossless and in order: ${branch.kind} gave ${show(got)}`);
        else if (inOrder === got) {
          this.#trace.check(same(got, expected.slice(0, got.length)), `in order until it ends: ${branch.kind}`);
        }
      });
    }
  }
}
