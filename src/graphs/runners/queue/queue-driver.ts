import { Breather } from '../../../core/breather.ts';
import { SystemError } from '../../../core/errors.ts';
import type { Outcome } from '../../../io/dataset/outcomes.ts';
import type { DriverQueue, QueueDepth } from '../../../io/queue/driver-queue.ts';
import type { Job } from '../../../io/queue/job.ts';
import type { Fleet } from './fleet.ts';

/** What a driver is given. */
export interface QueueDriverSetting<Item> {
  readonly items: readonly Item[];
  readonly queue: DriverQueue;
  readonly jobOf: (item: Item) => Job;
  /** What has become of the items by now: the only thing that is believed. */
  readonly outcomes: () => Promise<(itemId: string) => Outcome | undefined>;
  /**
   * Whether an item that has an outcome is as it was then; looked at before it is left alone.
   * @param mayRetry whether a dead letter that is worth another try counts as none.
   */
  readonly isSettled: (item: Item, mayRetry: boolean) => Promise<boolean>;
  /**
   * Makes an item that was left out one that waits: options of this run may say otherwise, so that
   * it is done only when it was looked at again.
   */
  readonly reopen: (item: Item) => Promise<void>;
  /** Whether a process that lives has an item in work. */
  readonly isWorkedOn: () => Promise<boolean>;
  readonly fleet: Fleet;
  /** Aborted: nothing more is queued, and what nobody has taken is taken away. */
  readonly stop: AbortSignal;
  readonly say: (sentence: string) => void;
  /** Jobs in the queue at most. */
  readonly window?: number | undefined;
  /** Milliseconds between two looks at the queue. */
  readonly pause?: number | undefined;
  /**
   * Milliseconds for which jobs are out and nobody works on anything before they count as lost.
   */
  readonly standstill?: number | undefined;
}

/** Jobs in the queue at most, and jobs that are added at a time. */
const WINDOW = 1000;
const ADDED_AT_A_TIME = 250;
const PAUSE = 250;
const STANDSTILL = 30_000;
/** Milliseconds between two looks at how many workers there are, and at the whole dataset. */
const COUNT_EVERY = 5000;
const LOOK_EVERY = 5000;
/** A look at the whole dataset takes at most one in so many parts of the time. */
const LOOK_SHARE = 20;

/**
 * Has the items of a corpus computed by the workers of a queue, until the dataset says that every
 * one is done. The queue is only a way to tell workers what to do: it never has more than a window
 * of jobs, and what it loses, forgets or repeats is mended by looking at the dataset and queueing
 * what is missing. Jobs that it thinks a worker has, or keeps until later, while nobody works on
 * anything are taken away and queued again: clocks that were wrong can keep them for hours.
 *
 * @example
 * declare const setting: QueueDriverSetting<Video>;
 * const end = await new QueueDriver(setting).run(); // 'done' or 'stopped'
 */
export class QueueDriver<Item> {
  readonly #setting: QueueDriverSetting<Item> & Readonly<Record<'window' | 'pause' | 'standstill', number>>;
  /** Items that nothing is left to do for, and those that had an outcome which does not count. */
  readonly #settled = new Set<string>();
  readonly #again = new Set<string>();
  #hasOutage = false;
  #counted = Number.NEGATIVE_INFINITY;
  #saidAlone = false;

  constructor(setting: QueueDriverSetting<Item>) {
    const { window = WINDOW, pause = PAUSE, standstill = STANDSTILL } = setting;
    this.#setting = { ...setting, window, pause, standstill };
  }

  /** Ids of items that were done before this run. */
  get settled(): ReadonlySet<string> {
    return this.#settled;
  }

  /** @throws SystemError `queue` when workers refuse everything that is left. */
  async run(): Promise<'done' | 'stopped'> {
    const { fleet, stop, queue } = this.#setting;
    let missing = this.#firstPass();
    for (let before = Number.POSITIVE_INFINITY; ; ) {
      const refused = fleet.refused;
      await this.#enqueue(missing);
      const left = await this.#untilDrained();
      if (stop.aborted) {
        await this.#once(() => queue.empty());
        return 'stopped';
      }
      if (left.length === 0) return 'done';
      if (left.length >= before && fleet.refused - refused >= left.length) throw this.#allRefused(left.length);
      before = left.length;
      missing = fromList(left);
    }
  }

  /** What is to be done of the corpus as it is at first. */
  async *#firstPass(): AsyncGenerator<Item> {
    const { items, outcomes, isSettled, jobOf } = this.#setting;
    const outcomeOf = await outcomes();
    const breather = new Breather();
    for (const item of items) {
      const { item: id } = jobOf(item);
      const outcome = outcomeOf(id);
      if (outcome !== undefined && outcome !== 'skipped' && (await isSettled(item, true))) {
        this.#settled.add(id);
        this.#setting.fleet.before += 1;
      } else {
        if (outcome === 'skipped') await this.#setting.reopen(item);
        else if (outcome !== undefined) this.#again.add(id);
        yield item;
      }
      if (breather.isDue) await breather.rest();
    }
  }

  async #enqueue(items: AsyncIterable<Item>): Promise<void> {
    let jobs: Job[] = [];
    for await (const item of items) {
      if (this.#setting.stop.aborted) return;
      jobs.push(this.#setting.jobOf(item));
      if (jobs.length < Math.min(ADDED_AT_A_TIME, this.#setting.window)) continue;
      await this.#add(jobs);
      jobs = [];
    }
    if (jobs.length > 0) await this.#add(jobs);
  }

  /** Adds jobs when there is room for them. */
  async #add(jobs: readonly Job[]): Promise<void> {
    const { queue, window, stop } = this.#setting;
    for (;;) {
      const depth = await this.#depth();
      if (stop.aborted || depth === undefined) return;
      if (depth.waiting + depth.delayed + depth.active + jobs.length <= window) break;
      await this.#rest();
    }
    await this.#asked(() => queue.add(jobs));
  }

  /**
   * Waits until nothing is left, or the queue has nothing and something is.
   * @returns what is left.
   */
  async #untilDrained(): Promise<readonly Item[]> {
    let nextLook = 0;
    let stillSince: number | undefined;
    for (;;) {
      const depth = await this.#depth();
      if (this.#setting.stop.aborted || depth === undefined) return [];
      stillSince = (await this.#isStill(depth)) ? (stillSince ?? performance.now()) : undefined;
      if (stillSince !== undefined && performance.now() - stillSince >= this.#setting.standstill) {
        this.#setting.say('nobody works on the jobs that are out; they are queued again');
        await this.#asked(() => this.#setting.queue.drop());
        stillSince = undefined;
        continue;
      }
      const isEmpty = depth.waiting + depth.delayed + depth.active === 0;
      if (isEmpty || performance.now() >= nextLook) {
        const began = performance.now();
        const left = await this.#left();
        if (left.length === 0 || isEmpty) return left;
        nextLook = performance.now() + Math.max(LOOK_EVERY, LOOK_SHARE * (performance.now() - began));
      }
      await this.#rest();
    }
  }

  /** Whether jobs are out, and nobody works on anything. */
  async #isStill({ waiting, delayed, active }: QueueDepth): Promise<boolean> {
    return waiting === 0 && delayed + active > 0 && !(await this.#setting.isWorkedOn());
  }

  /** What the dataset says is yet to be done. */
  async #left(): Promise<readonly Item[]> {
    const { items, outcomes, isSettled, jobOf } = this.#setting;
    const outcomeOf = await outcomes();
    const left: Item[] = [];
    const breather = new Breather();
    for (const item of items) {
      const { item: id } = jobOf(item);
      if (this.#settled.has(id)) continue;
      const outcome = outcomeOf(id);
      // Of an item that had an outcome, the one that it has may still be that.
      const isDone = outcome !== undefined && (!this.#again.has(id) || (await isSettled(item, false)));
      if (!isDone) left.push(item);
      if (breather.isDue) await breather.rest();
    }
    return left;
  }

  async #depth(): Promise<QueueDepth | undefined> {
    const { queue, fleet } = this.#setting;
    const depth = await this.#asked(() => queue.depth());
    if (depth === undefined) return undefined;
    fleet.waiting = depth.waiting + depth.delayed;
    fleet.active = depth.active;
    if (performance.now() - this.#counted < COUNT_EVERY) return depth;
    this.#counted = performance.now();
    fleet.workers = (await this.#asked(() => queue.workers())) ?? 0;
    if (fleet.workers > 0 || depth.waiting === 0) this.#saidAlone = false;
    else if (!this.#saidAlone) {
      this.#saidAlone = true;
      this.#setting.say('no worker is connected to the queue yet; what is queued waits');
    }
    return depth;
  }

  /** Asks the queue until it answers; undefined when the run was stopped meanwhile. */
  async #asked<Answer>(question: () => Promise<Answer>): Promise<Answer | undefined> {
    const { stop, say } = this.#setting;
    while (!stop.aborted) {
      try {
        const answer = await this.#once(question);
        if (this.#hasOutage && answer !== undefined) say('the queue answers again');
        this.#hasOutage = false;
        return answer;
      } catch (error) {
        this.outage(error);
        await this.#rest();
      }
    }
    return undefined;
  }

  /** Asks the queue once; a stop is not held up by a server that is silent. */
  async #once<Answer>(question: () => Promise<Answer>): Promise<Answer | undefined> {
    const { stop } = this.#setting;
    const asked = question();
    if (stop.aborted) return Promise.race([asked.catch(() => undefined), rest(FAREWELL)]);
    const stopped = new AbortController();
    const wait = new Promise<undefined>((resolve) => {
      stop.addEventListener('abort', () => resolve(undefined), { once: true, signal: stopped.signal });
    });
    try {
      return await Promise.race([asked, wait]);
    } finally {
      stopped.abort();
      asked.catch(() => undefined);
    }
  }

  /** Says, once until it answers again, that the queue does not. */
  outage(error: unknown): void {
    if (this.#hasOutage) return;
    this.#hasOutage = true;
    const why = error instanceof Error ? error.message : String(error);
    this.#setting.say(`the queue does not answer (${why}); waiting until it does`);
  }

  async #rest(): Promise<void> {
    const { stop, pause } = this.#setting;
    if (!stop.aborted) await this.#once(() => rest(pause));
  }

  #allRefused(count: number): SystemError {
    return new SystemError(
      'queue',
      `workers refuse the ${count} jobs that are left: ${this.#setting.fleet.reasons.join('; ')}`,
      {
        remedy: 'Mend what the reasons say, and run it again: what is committed stays.',
      },
    );
  }
}

/** Milliseconds that a server is waited for when the run was stopped. */
const FAREWELL = 2000;

function rest(milliseconds: number): Promise<undefined> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(undefined), milliseconds);
  });
}

async function* fromList<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  yield* items;
}
