import { defer, filter, finalize, map, merge, mergeMap, type Observable, Subject, take, tap } from 'rxjs';
import type { MicroBatch } from '../../../src/operators/micro-batch.ts';
import type { Holding, Stage } from '../../../src/operators/own-operator.ts';
import type { Scope } from '../../../src/operators/scope.ts';
import type { OnceBatch } from './once-branch.ts';
import type { Branch, TestFrame, Trace } from './random-graph.ts';

/** Makes the branches of one graph. */
export class Branches {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** What comes out: the frames that went into each output. */
  make(branch: Branch, frames: Observable<TestFrame>, scope: Scope): Observable<number[]> {
    const { trace, batch, lean, once, wait } = this.#world;
    const index = (frame: TestFrame): number[] => [frame.use().index];
    const indices = (list: readonly TestFrame[]): number[] => list.map((frame) => frame.use().index);
    switch (branch.kind) {
      case 'batch':
        return frames.pipe(batch.batch(scope), map(index));
      case 'once':
        return frames.pipe(
          once.batcher.batch(scope),
          map((shown) => [shown.index, shown.key]),
        );
      case 'map':
        return frames.pipe(
          filter((frame) => frame.index % branch.drop === 0),
          this.#stage(scope, branch.concurrency, branch.ordered),
          map(index),
        );
      case 'map-batch':
        return frames.pipe(this.#stage(scope, branch.concurrency, true), batch.batch(scope), map(index));
      case 'window':
        return frames.pipe(scope.window(branch.size, { step: branch.step }), map(indices));
      case 'window-map':
        return frames.pipe(
          scope.window<TestFrame>(branch.size),
          scope.mapAsync(
            async (list) => {
              await wait();
              return indices(list);
            },
            { concurrency: 2, cost: () => 0, resultCost: () => 0 },
          ),
        );
      case 'buffer':
        return frames.pipe(
          scope.buffer<TestFrame>(frames.pipe(filter((frame) => frame.index % branch.every === branch.every - 1))),
          map(indices),
        );
      case 'zip':
        return frames.pipe(
          scope.zip(frames.pipe(this.#stage(scope, branch.concurrency, true))),
          map(([a, b]) => {
            trace.check(a === b, 'zip pairs the n-th with the n-th');
            return index(b);
          }),
        );
      case 'delay':
        return frames.pipe(scope.delay<TestFrame>(branch.milliseconds), map(index));
      case 'holder':
        return defer(() => {
          const holder = scope.reservation('kept');
          return frames.pipe(
            lean.batch(scope),
            map((it) => {
              holder.grow(branch.bytes);
              return [it];
            }),
            finalize(() => holder.free()),
          );
        });
      case 'view':
        return frames.pipe(map(partOf), this.#look(scope, branch.concurrency));
      case 'many':
        return frames.pipe(
          mergeMap((frame) => Array.from({ length: branch.count }, () => partOf(frame))),
          this.#look(scope, branch.concurrency),
        );
      case 'window-view':
        return frames.pipe(
          map(partOf),
          scope.window<Part>(branch.size, { cost: () => 0 }),
          scope.mapAsync(
            async (parts) => {
              await wait();
              return parts.map((part) => checked(trace, part));
            },
            { concurrency: 2, cost: () => 0, resultCost: () => 0 },
          ),
        );
      case 'expand':
        return frames.pipe(
          this.#expand(scope, branch),
          scope.mapAsync(
            async (result: Expanded) => {
              await wait();
              return [result.index];
            },
            { name: 'after', concurrency: 1, cost: () => branch.bytes, resultCost: () => 0 },
          ),
        );
      case 'own':
        return frames.pipe(scope.operator('own', ownPairs));
      case 'own-busy':
        return frames.pipe(scope.operator('own-busy', (holding) => ownBusy(holding, branch.size, wait)));
      case 'loop':
        return loopOf(frames, scope, branch).pipe(map(index));
      case 'take':
        return frames.pipe(take(branch.count), this.#stage(scope, 2, true), map(index));
    }
  }

  #stage(scope: Scope, concurrency: number, ordered: boolean) {
    const { trace, wait, failStage } = this.#world;
    let active = 0;
    return scope.mapAsync<TestFrame, TestFrame>(
      async (frame) => {
        trace.check(++active <= concurrency, 'at most `concurrency` operations execute');
        frame.use();
        await wait();
        frame.use();
        active--;
        failStage();
        return frame;
      },
      { name: 'stage', concurrency, ordered },
    );
  }

  /** Reads views after a while. */
  #look(scope: Scope, concurrency: number) {
    const { trace, wait } = this.#world;
    return scope.mapAsync<Part, number[]>(
      async (part) => {
        await wait();
        return [checked(trace, part)];
      },
      { name: 'look', concurrency, ordered: true, cost: () => 0, resultCost: () => 0 },
    );
  }

  /** Results of `bytes` each, whatever the frames have. */
  #expand(scope: Scope, { concurrency, bytes, ordered }: Extract<Branch, { kind: 'expand' }>) {
    const { wait } = this.#world;
    return scope.mapAsync<TestFrame, Expanded>(
      async (frame) => {
        await wait();
        return { index: frame.use().index };
      },
      { name: 'expand', concurrency, ordered, resultCost: () => bytes },
    );
  }
}

/** What the branches of a graph have in common. */
interface World {
  readonly trace: Trace;
  readonly batch: MicroBatch<TestFrame, TestFrame>;
  readonly lean: MicroBatch<TestFrame, number>;
  readonly once: OnceBatch;
  wait(): Promise<void>;
  failStage(): void;
}

/** The large result of a frame. */
interface Expanded {
  readonly index: number;
}

/** A view of a frame's memory in an object, which nothing but the memory ties to the frame. */
interface Part {
  readonly index: number;
  readonly mark: number;
  readonly rows: readonly { readonly bytes: Uint8Array }[];
}

function partOf(frame: TestFrame): Part {
  return { index: frame.index, mark: frame.mark, rows: [{ bytes: frame.view.subarray(frame.byteLength >> 1) }] };
}

/** Reads a view, as an operator would. */
function checked(trace: Trace, { index, mark, rows }: Part): number {
  const bytes = rows[0]?.bytes;
  trace.check(bytes !== undefined && bytes.length > 0, 'memory that a view shows is not taken away');
  trace.check(bytes?.every((byte) => byte === mark) === true, 'memory that a view shows is not overwritten');
  return index;
}

/** Each frame with the one before, as an engineer would write it. */
function ownPairs({ keep, release, emit }: Holding<number[]>): Stage<TestFrame> {
  let last: TestFrame | undefined;
  return {
    next(frame) {
      if (last !== undefined) {
        emit([last.use().index, frame.use().index]);
        release(last);
      }
      last = keep(frame);
    },
  };
}

/**
 * Gathers `size` frames and gives them on after a while, or fewer when there is no room or there
 * come no more.
 */
function ownBusy(
  { keep, release, emit, busy }: Holding<number[]>,
  size: number,
  wait: () => Promise<void>,
): Stage<TestFrame> {
  let gathered: TestFrame[] = [];
  let last = Promise.resolve();
  const give = () => {
    if (gathered.length === 0) return;
    const [list, work] = [gathered, busy()];
    gathered = [];
    last = last.then(async () => {
      await wait();
      for (const frame of list) {
        emit([frame.use().index]);
        release(frame);
      }
      work.end();
    });
  };
  return {
    next(frame) {
      gathered.push(keep(frame));
      if (gathered.length >= size) give();
    },
    complete() {
      give();
      return last;
    },
    flush: give,
  };
}

/** Each frame goes round a loop with a delay so many times. */
function loopOf(
  frames: Observable<TestFrame>,
  scope: Scope,
  { rounds, milliseconds }: Extract<Branch, { kind: 'loop' }>,
): Observable<TestFrame> {
  return defer(() => {
    const back = new Subject<{ frame: TestFrame; round: number }>();
    let going = 0;
    let ended = false;
    const end = () => {
      if (ended && going === 0) back.complete();
    };
    const first = frames.pipe(
      tap({
        next: () => void going++,
        complete: () => {
          ended = true;
          end();
        },
      }),
      map((frame) => ({ frame, round: 0 })),
    );
    return merge(back, first).pipe(
      scope.delay(milliseconds, { cost: () => 0 }),
      tap(({ frame, round }) => {
        if (round < rounds) back.next({ frame: frame.use(), round: round + 1 });
      }),
      filter(({ round }) => round === rounds),
      tap(() => {
        going--;
        end();
      }),
      map(({ frame }) => frame),
    );
  });
}
