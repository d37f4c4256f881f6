import { Breather } from '../../../core/breather.ts';
import { SystemError } from '../../../core/errors.ts';
import { factOf } from '../../../core/words-of.ts';
import type { Outcome } from '../../../io/dataset/outcomes.ts';
import type { DriverQueue, QueueDepth } from '../../../io/queue/driver-queue.ts';
import type { Job } from '../../../io/queue/job.ts';
import type { Fleet } from './fleet.ts';

/** What a driver needs. */
export interface QueueDriverSetting<Item> {
  readonly items: readonly Item[];
  readonly queue: DriverQueue;
  readonly jobOf: (item: Item) => Job;
  /** The items' outcomes so far: the only thing that the driver trusts. */
  readonly outcomes: () => Promise<(itemId: string) => Outcome | undefined>;
  /**
   * Whether an item with an outcome is still in the state that the outcome is for; checked before
   * it is skipped.
   * @param mayRetry whether a dead letter that is worth another try counts as no outcome.
   */
  readonly isSettled: (item: Item, mayRetry: boolean) => Promise<boolean>;
  /**
   * Turns an item that was left out into one that waits: this run's options may differ, so it is
   * only done once it has been looked at again.
   */
  readonly reopen: (item: Item) => Promise<void>;
  /** Whether a live process is working on an item. */
  readonly isWorkedOn: () => Promise<boolean>;
  readonly fleet: Fleet;
  /** When aborted, nothing more is queued, and jobs that no worker has taken are removed. */
  readonly stop: AbortSignal;
  readonly say: (sentence: string) => void;
  /** Maximum number of jobs in the queue. */
  readonly window?: number | undefined;
  /** Milliseconds between two checks of the queue. */
  readonly pause?: number | undefined;
  /**
   * Milliseconds for which jobs are out but nobody is working on anything before they count as
   * lost.
   */
  readonly standstill?: number | undefined;
}

/** Maximum number of jobs in the queue, and number of jobs to add at a time. */
const WINDOW = 1000;
const ADDED_AT_A_TIME = 250;
const PAUSE = 250;
const STANDSTILL = 30_000;
/** Milliseconds between two checks of the number of workers, and of the whole dataset. */
const COUNT_EVERY = 5000;
const LOOK_EVERY = 5000;
/** Checking the whole dataset takes at most this fraction of the time: one in 20. */
const LOOK_SHARE = 20;

/**
 * Has the items of a corpus computed by the workers of a queue, until the dataset says that every
 * one is done. The queue is only a way to tell workers what to do. It never has more than a window
 * of jobs, and whatever it loses, forgets or repeats is repaired by looking at the dataset and
 * queueing what is missing. If nobody is working on anything, jobs that the queue believes are with
 * a worker, or holds back until later, are removed and queued again: wrong clocks could hold them
 * for hours.
 *
 * @example
 * declare const setting: QueueDriverSetting<Video>;
 * const end = await new QueueDriver(setting).run(); // 'done' or 'stopped'
 */
export class QueueDriver<Item> {
  readonly #setting: QueueDriverSetting<Item> & Readonly<Record<'window' | 'pause' | 'standstill', number>>;
  /** Items for which nothing is left to do, and those with an outcome that does not count. */
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

  /** What there is to do in the corpus at the start. */
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

  /** Adds jobs once there is room for them. */
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
   * Waits until nothing is left to do, or until the queue is empty although something is left.
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
        this.#setting.say('nobody is working on the jobs that are out; they are queued again');
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

  /** Whether jobs are out but nobody is working on anything. */
  async #isStill({ waiting, delayed, active }: QueueDepth): Promise<boolean> {
    return waiting === 0 && delayed + active > 0 && !(await this.#setting.isWorkedOn());
  }

  /** What remains to be done, according to the dataset. */
  async #left(): Promise<readonly Item[]> {
    const { items, outcomes, isSettled, jobOf } = this.#setting;
    const outcomeOf = await outcomes();
    const left: Item[] = [];
    const breather = new Breather();
    for (const item of items) {
      const { item: id } = jobOf(item);
      if (this.#settled.has(id)) continue;
      const outcome = outcomeOf(id);
      // An item that already had an outcome may still have only the old one.
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

  /** Asks the queue until it answers; undefined if the run was stopped in the meantime. */
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

  /** Asks the queue once; a silent server does not delay a stop. */
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

  /** Reports that the queue does not answer, once until it answers again. */
  outage(error: unknown): void {
    if (this.#hasOutage) return;
    this.#hasOutage = true;
    this.#setting.say(`the queue does not answer (${factOf(error)}); waiting until it does`);
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
        remedy: 'Fix what the reasons say, and run it again: what is committed stays.',
      },
    );
  }
}

/** Milliseconds to wait for a server when the run was stopped. */
const FAREWELL = 2000;

function rest(milliseconds: number): Promise<undefined> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(undefined), milliseconds);
  });
}

async function* fromList<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  yield* items;
}
