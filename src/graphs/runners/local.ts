import { setMaxListeners } from 'node:events';
import { Breather } from '../../core/breather.ts';
import { runFault } from '../../core/run-fault.ts';
import type { DeadLetter } from '../../io/dataset/dead-letter.ts';
import type { UnitFacts, UnitTable } from '../../io/dataset/schema.ts';
import type { UnitStore } from '../../io/dataset/unit-store.ts';
import type { UnitSummary } from '../../io/dataset/unit-summary.ts';
import type { Flow } from '../../operators/flow.ts';
import type { Bytes } from '../../operators/payload.ts';
import type { Graph } from '../graph.ts';
import { Feed } from './feed.ts';
import { ItemRunner } from './item-runner.ts';

/**
 * What happens to an item, as it happens: facts, never the rows of a unit. Events of an outcome
 * include the item's content hash.
 */
export type RunEvent<Item> =
  | { readonly type: 'started'; readonly item: Item; readonly seconds: number }
  | { readonly type: 'reached'; readonly item: Item; readonly seconds: number }
  | {
      readonly type: 'committed';
      readonly item: Item;
      readonly key: string;
      readonly fingerprint: string;
      readonly unit: UnitSummary;
      /** Taken from the cache: none of it was decoded. */
      readonly cached?: boolean | undefined;
      /** Taken from the item that the file was before it was renamed: none of it was decoded. */
      readonly renamed?: boolean | undefined;
    }
  | {
      readonly type: 'already-done';
      readonly item: Item;
      readonly key: string;
      readonly fingerprint: string;
      readonly unit: Pick<UnitFacts, 'seconds' | 'partial'>;
    }
  | { readonly type: 'skipped'; readonly item: Item; readonly fingerprint: string; readonly reason: string }
  /** Its own signal stopped it: it has no outcome here. */
  | { readonly type: 'abandoned'; readonly item: Item }
  | {
      readonly type: 'dead';
      readonly item: Item;
      /** Undefined if the item cannot be read. */
      readonly fingerprint: string | undefined;
      readonly letter: DeadLetter;
      readonly earlier: boolean;
    };

/** Finished units, by the content of the file that they were made from. Its calls do not fail. */
export interface UnitSource {
  /** The unit under an item's id, or undefined if it has to be computed. */
  get(fingerprint: string, itemId: string): Promise<UnitTable | undefined>;
  /** Stores a unit. */
  set(fingerprint: string, unit: UnitTable): Promise<void>;
}

/**
 * The memory of a run, from which each item gets what it needs: the plan is only made from a sample
 * of the items.
 */
export interface RunMemory {
  /** Bound on the process and its children. */
  readonly limit: Bytes;
  /** Bytes that the decoders of all items may take together. */
  readonly decoders: Bytes;
  /** Bytes that an item which runs alone may take: its decoders and what it holds. */
  readonly alone: Bytes;
  /** Makes the flow of an item that runs alone. */
  readonly flow: (budget: Bytes) => Flow;
}

/** How to run a graph in this process. */
export interface LocalRun<Item, Services> {
  readonly graph: Graph<Item, UnitTable, Services>;
  readonly items: Iterable<Item> | AsyncIterable<Item>;
  readonly store: UnitStore;
  /**
   * The unit of the item that a file with this content was before it was renamed, under the new id.
   * Consulted before the cache; an error ends the run, like one of the store.
   */
  readonly formerUnit?: ((fingerprint: string, itemId: string) => Promise<UnitTable | undefined>) | undefined;
  /** Consulted before an item is opened. */
  readonly cache?: UnitSource | undefined;
  /**
   * Content hash of an item; together with the graph id and the item id it forms the unit's key.
   * Called again after the unit is computed: an item that has changed in the meantime is not
   * committed under its first hash, but computed again.
   */
  readonly fingerprint: (item: Item, signal: AbortSignal) => Promise<string>;
  /**
   * The same, if known without reading the item: then an item whose unit is committed is done at
   * once and costs next to nothing.
   */
  readonly knownFingerprint?: ((item: Item) => string | undefined) | undefined;
  /**
   * Keeps a remote item's content at hand while it is computed: what is hashed is then what is
   * computed. @returns a function that releases it.
   */
  readonly hold?: ((item: Item, signal: AbortSignal) => Promise<(() => Promise<void>) | undefined>) | undefined;
  readonly flow: Flow;
  /** Called when an item is about to run; returns the same promise every time. */
  readonly services: () => Promise<Services>;
  /** Items processed at a time. */
  readonly concurrency: number;
  /**
   * How many further items have their content read and kept at hand until it is their turn.
   * Default: 0.
   */
  readonly ahead?: number | undefined;
  /**
   * How much memory items may take side by side and alone; without it, only the flow's budget
   * limits them.
   */
  readonly memory?: RunMemory | undefined;
  /** When aborted, nothing new is started; what is running is finished and committed. */
  readonly drain?: AbortSignal | undefined;
  /** When aborted, what is running is stopped at once; what is committed stays. */
  readonly signal?: AbortSignal | undefined;
  /** When aborted, that item is stopped and left as it is; the others continue. */
  readonly itemSignal?: ((item: Item) => AbortSignal | undefined) | undefined;
  /**
   * Why an item must not be started, if it is known to do harm; this error becomes its dead letter.
   */
  readonly verdict?: ((item: Item) => Error | undefined) | undefined;
  /**
   * Called for every event. What it throws becomes a process warning and does not affect the items.
   */
  readonly onEvent?: ((event: RunEvent<Item>) => void) | undefined;
  /** Which earlier dead letters have their items retried. Default: none. */
  readonly retry?: ((letter: DeadLetter) => boolean) | undefined;
  /**
   * Names of the operators that wait while a finished unit is being committed, and of the commit
   * itself.
   */
  readonly operators: {
    readonly before: readonly string[];
    readonly commit: string;
    readonly cache?: string | undefined;
  };
}

/**
 * Runs every item of a graph in this process, `concurrency` at a time. An item with a committed
 * unit or a dead letter is skipped without opening it; one whose unit is in the cache, or that was
 * only renamed, is committed without opening it. An item that fails gets a dead letter and the run
 * continues; a failure that would affect every item (a session, the disk, anything the operating
 * system refuses) ends the run, and what is committed stays. The content of `ahead` more items is
 * fetched in the meantime. The list of items may be asynchronous, for instance a queue: it is
 * closed when the run ends, however it ends.
 *
 * Cancellation: `drain` finishes what is running, `signal` stops it, whatever it is waiting for;
 * both resolve normally.
 *
 * @throws whatever ended the run; errors of the operating system as a SystemError.
 *
 * @example
 * declare const run: LocalRun<Video, object>;
 * await runLocally({ ...run, items: corpus, concurrency: 2 });
 */
export async function runLocally<Item, Services>(run: LocalRun<Item, Services>): Promise<void> {
  const stop = new AbortController();
  const signal = run.signal === undefined ? stop.signal : AbortSignal.any([run.signal, stop.signal]);
  // Every running item listens.
  setMaxListeners(0, signal);
  const feed = new Feed(run.items, run.drain === undefined ? signal : AbortSignal.any([signal, run.drain]));
  const runner = new ItemRunner(run, signal);
  const breather = new Breather();
  const worker = async (): Promise<void> => {
    for (let next = feed.nextNow() ?? (await feed.next()); next !== undefined; ) {
      try {
        if (!(await runner.isDoneAlready(next.item))) await runner.run(next.item);
      } catch (error) {
        if (signal.aborted) return;
        throw runFault(error) ?? error;
      }
      // Items with nothing to do never pause on their own.
      if (breather.isDue) {
        await breather.rest();
        await run.store.refresh();
      }
      next = feed.nextNow() ?? (await feed.next());
    }
  };
  const workers = Array.from({ length: run.concurrency + (run.ahead ?? 0) }, worker);
  try {
    await Promise.all(workers);
  } catch (error) {
    stop.abort(error);
    await Promise.allSettled(workers);
    throw error;
  } finally {
    await feed.close();
  }
}
