import { lastValueFrom, Observable } from 'rxjs';
import { FlowError, MediaError, ModelError, ReelflowError, UsageError } from '../../errors.ts';
import { isPartial } from '../../io/dataset/arrow.ts';
import type { CommitStore, DeadLetter } from '../../io/dataset/commit-store.ts';
import type { UnitTable } from '../../io/dataset/schema.ts';
import { formatBytes } from '../../operators/budget.ts';
import type { Flow } from '../../operators/flow.ts';
import { type Graph, graphId, unitKey } from '../graph.ts';

/** What happens to an item, as it happens. */
export type RunEvent<Item> =
  | { readonly type: 'started'; readonly item: Item; readonly seconds: number }
  | { readonly type: 'reached'; readonly item: Item; readonly seconds: number }
  | {
      readonly type: 'committed';
      readonly item: Item;
      readonly key: string;
      readonly table: UnitTable;
      /** Taken from the cache: nothing of it was decoded. */
      readonly cached?: boolean;
    }
  | { readonly type: 'already-done'; readonly item: Item; readonly key: string; readonly partial: boolean }
  | { readonly type: 'skipped'; readonly item: Item; readonly reason: string }
  | { readonly type: 'dead'; readonly item: Item; readonly letter: DeadLetter; readonly earlier: boolean };

/** Where units and dead letters go. */
export type UnitStore = Pick<CommitStore, 'facts' | 'letter' | 'raise' | 'commit' | 'bury'>;

/** Finished units by the content of the file that they were made of. Its calls do not fail. */
export interface UnitSource {
  /** The unit under an item's id, or undefined when it has to be computed. */
  get(fingerprint: string, itemId: string): Promise<UnitTable | undefined>;
  /** Keeps a unit. */
  set(fingerprint: string, unit: UnitTable): Promise<void>;
}

/** How a graph is run in this process. */
export interface LocalRun<Item, Services> {
  readonly graph: Graph<Item, UnitTable, Services>;
  readonly items: Iterable<Item> | AsyncIterable<Item>;
  readonly store: UnitStore;
  /** Asked before an item is opened. */
  readonly cache?: UnitSource | undefined;
  /** Content hash of an item: with the graph id and the item id it makes the unit's key. */
  readonly fingerprint: (item: Item) => Promise<string>;
  readonly flow: Flow;
  /** Called when an item is about to run; the same promise every time. */
  readonly services: () => Promise<Services>;
  /** Items processed at a time. */
  readonly concurrency: number;
  /** Aborted: nothing new is started, what runs is finished and committed. */
  readonly drain?: AbortSignal;
  /** Aborted: what runs is stopped at once; what is committed stays. */
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: RunEvent<Item>) => void;
  /** Earlier dead letters whose items are tried again. Default: none. */
  readonly retry?: (letter: DeadLetter) => boolean;
  /** Names of the operators that wait while a finished unit is being committed, and of the commit itself. */
  readonly operators: { readonly before: readonly string[]; readonly commit: string; readonly cache?: string };
}

/** What the system lacks for every item: open files, memory, room on the disk. */
const EXHAUSTED = ['EMFILE', 'ENFILE', 'ENOMEM', 'ENOSPC'];

/** Errors that would meet every item end the run: a broken session, no decoder, wrong usage, a stop. Any other condemns its item alone. */
function endsRun(error: unknown): boolean {
  return (
    (error instanceof MediaError && error.code === 'decoder-missing') ||
    EXHAUSTED.includes((error as NodeJS.ErrnoException).code ?? '') ||
    error instanceof ModelError ||
    error instanceof UsageError ||
    (error instanceof FlowError && error.code === 'aborted')
  );
}

/**
 * Runs every item of a graph in this process, `concurrency` at a time. An item whose unit is committed is left alone
 * without opening it; an item with a dead letter too; one whose unit is in the cache is committed without opening it. An item that fails gets a dead letter and the run goes on; an error
 * that would fail every item (sessions, disk) ends the run, and what is committed stays.
 *
 * Cancellation: `drain` finishes what runs, `signal` stops it; both resolve normally.
 *
 * @throws whatever ended the run.
 *
 * @example
 * await runLocally({ graph, items: corpus, store, flow, services, concurrency: 2, operators });
 */
export async function runLocally<Item, Services>(run: LocalRun<Item, Services>): Promise<void> {
  const stop = new AbortController();
  const signal = run.signal === undefined ? stop.signal : AbortSignal.any([run.signal, stop.signal]);
  const iterator = Symbol.asyncIterator in run.items ? run.items[Symbol.asyncIterator]() : run.items[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    while (!signal.aborted && !run.drain?.aborted) {
      const next = await iterator.next();
      if (next.done === true) return;
      try {
        await runItem(run, next.value, signal);
      } catch (error) {
        if (signal.aborted) return;
        throw error;
      }
    }
  };
  const workers = Array.from({ length: run.concurrency }, worker);
  try {
    await Promise.all(workers);
  } catch (error) {
    stop.abort(error);
    await Promise.allSettled(workers);
    throw error;
  }
}

async function runItem<Item, Services>(run: LocalRun<Item, Services>, item: Item, signal: AbortSignal): Promise<void> {
  const { graph, store } = run;
  const tell = run.onEvent ?? (() => {});
  const itemId = graph.itemId(item);
  let key: string;
  let fingerprint: string;
  try {
    fingerprint = await run.fingerprint(item);
    key = unitKey(graphId(graph), itemId, fingerprint);
  } catch (error) {
    if (!(error instanceof MediaError)) throw error;
    // A file that cannot be read has no content to be known by: its letter is filed under its id.
    key = unitKey(graphId(graph), itemId, 'unreadable');
    return bury(run, item, key, error, 'read');
  }
  // The file can be read again: what was said of it when it could not is past.
  store.raise([unitKey(graphId(graph), itemId, 'unreadable')]);
  const done = store.facts(key);
  if (done !== undefined) return tell({ type: 'already-done', item, key, partial: done.partial });
  const letter = store.letter(key);
  if (letter !== undefined && run.retry?.(letter) !== true) return tell({ type: 'dead', item, letter, earlier: true });
  if (letter !== undefined) store.raise([key]);
  const cached = await lookUp(run, fingerprint, itemId);
  if (cached !== undefined) {
    const outcome = await commit(run, key, cached, []);
    if (outcome === 'duplicate') {
      return tell({ type: 'already-done', item, key, partial: isPartial(cached.metadata) });
    }
    return tell({ type: 'committed', item, key, table: cached, cached: true });
  }

  let stage = 'probe';
  let table: UnitTable;
  try {
    const plan = await graph.prepare(item, signal);
    if (plan.skip !== undefined) return tell({ type: 'skipped', item, reason: plan.skip });
    if (plan.claim > run.flow.budget) throw claimTooLarge(plan.claim, run.flow.budget);
    tell({ type: 'started', item, seconds: plan.seconds });
    stage = 'open';
    const services = await run.services();
    stage = 'decode';
    const scope = run.flow.scope(itemId, { claim: plan.claim, kept: plan.kept });
    const reached = (seconds: number) => tell({ type: 'reached', item, seconds });
    const unit = graph.unit(item, { scope, services, signal, reached });
    table = await lastValueFrom(unit.pipe(untilAborted(signal)));
  } catch (error) {
    if (signal.aborted || endsRun(error)) throw error;
    return bury(run, item, key, error, stage);
  }
  const outcome = await commit(run, key, table, run.operators.before);
  // Another process was first: its unit stands.
  if (outcome === 'duplicate') return tell({ type: 'already-done', item, key, partial: isPartial(table.metadata) });
  tell({ type: 'committed', item, key, table });
  await run.cache?.set(fingerprint, table);
}

async function lookUp<Item, Services>(
  run: LocalRun<Item, Services>,
  fingerprint: string,
  itemId: string,
): Promise<UnitTable | undefined> {
  if (run.cache === undefined) return undefined;
  const clock = run.flow.operator(run.operators.cache ?? 'cache');
  clock.in += 1;
  const working = clock.busy();
  try {
    const unit = await run.cache.get(fingerprint, itemId);
    if (unit !== undefined) clock.out += 1;
    return unit;
  } finally {
    working.end();
  }
}

async function commit<Item, Services>(
  run: LocalRun<Item, Services>,
  key: string,
  table: UnitTable,
  before: readonly string[],
): Promise<'committed' | 'duplicate'> {
  const waiting = before.map((operator) => run.flow.operator(operator).blocked());
  const clock = run.flow.operator(run.operators.commit);
  clock.in += 1;
  const working = clock.busy();
  try {
    const outcome = await run.store.commit(key, table);
    clock.out += 1;
    return outcome;
  } finally {
    working.end();
    for (const operator of waiting) operator.end();
  }
}

async function bury<Item, Services>(
  run: LocalRun<Item, Services>,
  item: Item,
  key: string,
  error: unknown,
  stage: string,
): Promise<void> {
  const known = error instanceof ReelflowError ? error : undefined;
  const letter: DeadLetter = {
    item: run.graph.itemId(item),
    code: known?.code ?? 'internal',
    stage,
    message: error instanceof Error ? error.message : String(error),
    ...(known?.remedy === undefined ? {} : { remedy: known.remedy }),
    decoderLines: error instanceof MediaError ? error.decoderLines : [],
  };
  await run.store.bury(key, letter);
  run.onEvent?.({ type: 'dead', item, letter, earlier: false });
}

function claimTooLarge(claim: number, budget: number): FlowError {
  return new FlowError(
    'budget-too-small',
    `this video may hold ${formatBytes(claim)} at once, more than the ${formatBytes(budget)} between operators`,
    { remedy: 'Raise --memory, sample fewer frames (--fps), use more subclips, or leave out the median statistics.' },
  );
}

/** Ends the stream with FlowError `aborted` when the signal aborts; unsubscribing it stops decoders and releases bytes. */
function untilAborted<T>(signal: AbortSignal): (source: Observable<T>) => Observable<T> {
  return (source) =>
    new Observable<T>((subscriber) => {
      const abort = () => subscriber.error(new FlowError('aborted', 'the run was stopped', { cause: signal.reason }));
      if (signal.aborted) return abort();
      signal.addEventListener('abort', abort, { once: true });
      const subscription = source.subscribe(subscriber);
      return () => {
        signal.removeEventListener('abort', abort);
        subscription.unsubscribe();
      };
    });
}
