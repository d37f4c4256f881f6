// What flow control costs, and what it saves, compared with raw RxJS, Node streams and async
// generators.
//   node dist/bench/flow.js [--json] [--elements N]
// CPU time is user + system of this process (process.cpuUsage), the minimum of five runs after one
// to warm up.
import { pipeline, Readable, Transform, Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { from, lastValueFrom, map, mergeMap, type Observable, type OperatorFunction, range } from 'rxjs';
import { Flow } from '../src/operators/flow.ts';
import { Payload } from '../src/operators/payload.ts';

/** CPU of one way to move elements, in ns per element. */
interface Cost {
  readonly name: string;
  /** Source, three synchronous stages, sink. */
  readonly synchronousChain: number;
  /** The cost of one more asynchronous stage (a promise that is already fulfilled). */
  readonly asynchronousStage: number;
  /** The maximum number of bytes alive between reader and consumer while the consumer is slow. */
  readonly peakBytes: number;
}

/** What is compared. */
interface Contestant {
  readonly name: string;
  chain(count: number, asynchronousStages: number): Promise<void>;
  /** Reads `SLOW_COUNT` blocks with a consumer slower than the reader. */
  slow(memory: LiveBytes): Promise<void>;
}

const SLOW_COUNT = 400;
const BLOCK = 150_528;
const BUDGET = 16 * BLOCK;
const STAGES = 2;

/** Counts blocks between reading and consumption. */
class LiveBytes {
  #live = 0;
  peak = 0;

  read(): number {
    this.#live += BLOCK;
    this.peak = Math.max(this.peak, this.#live);
    return BLOCK;
  }

  consumed(): void {
    this.#live -= BLOCK;
  }
}

class Tick extends Payload {
  constructor(readonly byteLength: number) {
    super();
  }
}

const increment = (value: number): number => value + 1;
const resolved = async (value: number): Promise<number> => value;
const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A consumer that takes one turn of the event loop per block. */
const consume = async (memory: LiveBytes): Promise<void> => {
  await tick();
  memory.consumed();
};

async function* numbers(count: number): AsyncGenerator<number> {
  for (let index = 0; index < count; index++) yield index;
}

async function* reads(memory: LiveBytes): AsyncGenerator<number> {
  for (let index = 0; index < SLOW_COUNT; index++) yield memory.read();
}

function through<T>(source: Observable<T>, operators: readonly OperatorFunction<T, T>[]): Observable<T> {
  return operators.reduce((all, operator) => all.pipe(operator), source);
}

const rxjs: Contestant = {
  name: 'RxJS (no backpressure)',
  async chain(count, stages) {
    const synchronous = range(0, count).pipe(map(increment), map(increment), map(increment));
    await lastValueFrom(through(synchronous, Array(stages).fill(mergeMap(resolved, 1))));
  },
  async slow(memory) {
    await lastValueFrom(from(reads(memory)).pipe(mergeMap(() => consume(memory), 1)));
  },
};

const flowControl: Contestant = {
  name: 'reelflow',
  async chain(count, stages) {
    const flow = new Flow('1GiB');
    let index = 0;
    const puller = { next: () => (index < count ? index++ : undefined) };
    const source = flow.source(() => puller, { name: 'numbers', cost: () => 8, estimate: 8 });
    const synchronous = source.pipe(map(increment), map(increment), map(increment));
    const stage = () => flow.mapAsync(resolved, { concurrency: 1, cost: () => 8 });
    await lastValueFrom(through(synchronous, Array.from({ length: stages }, stage)));
  },
  async slow(memory) {
    const flow = new Flow(BUDGET);
    let index = 0;
    const puller = { next: () => (index++ < SLOW_COUNT ? new Tick(memory.read()) : undefined) };
    const source = flow.source(() => puller, { name: 'blocks', cost: (it) => it.byteLength, estimate: BLOCK });
    await lastValueFrom(source.pipe(flow.mapAsync(() => consume(memory), { concurrency: 1 })));
  },
};

const nodeStreams: Contestant = {
  name: 'Node streams',
  async chain(count, stages) {
    const synchronous = () =>
      new Transform({ objectMode: true, transform: (value: number, _encoding, done) => done(null, value + 1) });
    const asynchronous = () =>
      new Transform({
        objectMode: true,
        transform: (value: number, _encoding, done) => void resolved(value).then((result) => done(null, result)),
      });
    let index = 0;
    const source = new Readable({
      objectMode: true,
      read() {
        this.push(index < count ? index++ : null);
      },
    });
    const sink = new Writable({ objectMode: true, write: (_value, _encoding, done) => done() });
    const transforms = [...Array.from({ length: 3 }, synchronous), ...Array.from({ length: stages }, asynchronous)];
    await run([source, ...transforms, sink]);
  },
  async slow(memory) {
    let index = 0;
    const source = new Readable({
      objectMode: true,
      read() {
        this.push(index++ < SLOW_COUNT ? memory.read() : null);
      },
    });
    const sink = new Writable({
      objectMode: true,
      write: (_value, _encoding, done) => void consume(memory).then(() => done()),
    });
    await run([source, sink]);
  },
};

const asyncGenerators: Contestant = {
  name: 'async generators',
  async chain(count, stages) {
    async function* mapped(input: AsyncIterable<number>, change: (value: number) => number | Promise<number>) {
      for await (const value of input) yield await change(value);
    }
    async function* changed(input: AsyncIterable<number>) {
      for await (const value of input) yield increment(value);
    }
    let all: AsyncIterable<number> = changed(changed(changed(numbers(count))));
    for (let stage = 0; stage < stages; stage++) all = mapped(all, resolved);
    for await (const _value of all);
  },
  async slow(memory) {
    for await (const _block of reads(memory)) await consume(memory);
  },
};

function run(streams: (Readable | Writable | Transform)[]): Promise<void> {
  return new Promise((resolve, reject) => {
    pipeline(streams as never, (error?: Error | null) => (error ? reject(error) : resolve()));
  });
}

/** CPU time of `work` in ns: the minimum of five runs. */
async function cpu(work: () => Promise<void>): Promise<number> {
  await work();
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round++) {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) * 1000);
  }
  return least;
}

async function measure(contestant: Contestant, count: number): Promise<Cost> {
  const chain = await cpu(() => contestant.chain(count, 0));
  const staged = await cpu(() => contestant.chain(count, STAGES));
  const memory = new LiveBytes();
  await contestant.slow(memory);
  return {
    name: contestant.name,
    synchronousChain: Math.round(chain / count),
    asynchronousStage: Math.round((staged - chain) / count / STAGES),
    peakBytes: memory.peak,
  };
}

/** Measures all contestants one after another. */
export async function benchFlow(elements = 100_000): Promise<{ elements: number; budget: number; costs: Cost[] }> {
  const costs: Cost[] = [];
  for (const each of [rxjs, flowControl, nodeStreams, asyncGenerators]) costs.push(await measure(each, elements));
  return { elements, budget: BUDGET, costs };
}

function print({ elements, budget, costs }: { elements: number; budget: number; costs: readonly Cost[] }): void {
  const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  console.log(
    `${elements} elements; slow consumer: ${SLOW_COUNT} blocks of ${BLOCK} bytes, budget ${mebibytes(budget)}`,
  );
  console.log(
    `${'CPU, ns per element'.padEnd(24)}${'chain of 3'.padStart(12)}${'async stage'.padStart(14)}${'peak in flight'.padStart(18)}`,
  );
  for (const it of costs) {
    const figures = [String(it.synchronousChain).padStart(12), String(it.asynchronousStage).padStart(14)];
    console.log(`${it.name.padEnd(24)}${figures.join('')}${mebibytes(it.peakBytes).padStart(18)}`);
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const position = process.argv.indexOf('--elements');
  const result = await benchFlow(position < 0 ? undefined : Number(process.argv[position + 1]));
  if (process.argv.includes('--json')) console.log(JSON.stringify(result));
  else print(result);
}
