import {
  catchError,
  defer,
  EMPTY,
  from,
  ignoreElements,
  lastValueFrom,
  map,
  mergeMap,
  type Observable,
  type ObservableInput,
  of,
  toArray,
} from 'rxjs';
import { contentHash } from '../../core/canonical-json.ts';
import { checkFunction, checkInteger, checkString } from '../../core/check.ts';
import { MediaError, UsageError } from '../../core/errors.ts';
import { runFault } from '../../core/run-fault.ts';
import type { SubclipRow } from '../../operators/subclips.ts';
import { compact } from './compact.ts';
import { Dataset } from './dataset.ts';
import { areTablesOutOfDate, type DatasetTable, readDatasetFile } from './dataset-file.ts';
import { type DeadLetter, letterOf, mayBeAnswered } from './dead-letter.ts';
import { joinRows } from './join.ts';
import type { UnitTable } from './schema.ts';

/** One item of a dataset: what it is, and how its rows are made when they are wanted. */
export interface Unit {
  readonly id: string;
  /** The file that the rows are made of, if any: when its content changes the item is computed anew. */
  readonly path: string | undefined;
  readonly rows: () => Observable<SubclipRow>;
}

/**
 * Says how the rows of a video are made. The function is called only if the video's unit is not committed yet, and when
 * its turn comes: open scopes and start decoders in it. The unit is complete when the observable completes.
 *
 * @example
 * unit(video, () => {
 *   const scope = flow.scope(video.id);
 *   const shots = frames(video, { scope }).pipe(share());
 *   return merge(
 *     shots.pipe(embed(look, { scope }), subclips(video, { name: 'visual', count: 10, statistic: 'medmad', scope })),
 *     shots.pipe(map(meanColour), subclips(video, { name: 'colour', count: 10, statistic: 'mean', scope })),
 *   );
 * });
 */
export function unit(item: { readonly id: string; readonly path?: string }, rows: () => Observable<SubclipRow>): Unit {
  checkString('item.id', item.id);
  checkFunction('rows', rows);
  return { id: item.id, path: item.path, rows };
}

/** How units become a dataset. */
export interface ToDatasetOptions {
  /**
   * Everything that changes values, as JSON: names and hashes of networks, counts, statistics, versions of your own
   * functions. Other parameters are another dataset, and need another directory.
   */
  readonly params?: unknown;
  /** Name of the dataflow. Default `custom`. */
  readonly name?: string;
  /** The networks used, for `dataset.json`. */
  readonly models?: readonly unknown[];
  /** Units worked on at a time. Default 1. */
  readonly concurrency?: number;
  /** Writes the Parquet tables at the end. Default true. */
  readonly compact?: boolean;
}

/** What `toDataset` did. */
export interface ToDatasetSummary {
  readonly graphId: string;
  /** Units committed by this call. */
  readonly committed: number;
  /** Units that were committed before: nothing of them was computed. */
  readonly alreadyDone: number;
  /** Letters of the items that failed, now or before. */
  readonly dead: readonly DeadLetter[];
  /** The Parquet tables; empty with `compact: false`. */
  readonly tables: readonly DatasetTable[];
}

/**
 * Runs units into a dataset: joins the rows of each into one table, commits it when its rows complete, and compacts at
 * the end, where there is anything new. A second call computes only what is missing. A unit that fails becomes a dead letter and the others go on;
 * what would meet every unit (a network that cannot run, a full disk, anything the operating system refuses, an abort) ends the call, and
 * what is committed stays. Letters of faults of the program and of budgets are tried again by the next call.
 *
 * Buffering: the rows of at most `concurrency` units. Units not begun are kept as they are, which costs next to nothing.
 *
 * @throws UsageError when the directory holds another dataset, or two units have one id.
 *
 * @example
 * const units = from(videos('trailers/')).pipe(map((video) => unit(video, () => rowsOf(video))));
 * const { committed } = await toDataset(units, 'features/', { concurrency: 4, params: { look: 'alexnet', count: 10 } });
 */
export async function toDataset(
  units: ObservableInput<Unit>,
  directory: string,
  options: ToDatasetOptions = {},
): Promise<ToDatasetSummary> {
  const concurrency = checkInteger('concurrency', options.concurrency ?? 1);
  const name = checkString('name', options.name ?? 'custom');
  const params = options.params ?? {};
  const graphId = contentHash({ name, params }).slice(0, 16);
  const dataset = await Dataset.open(directory, { graphId, name, params, models: options.models ?? [] });
  const run = new DatasetRun(dataset, graphId);
  try {
    const work = mergeMap((each: Unit) => run.add(each), concurrency);
    await lastValueFrom(from(units).pipe(work), { defaultValue: undefined });
  } catch (error) {
    throw runFault(error) ?? error;
  } finally {
    await run.settled();
    await dataset.close();
  }
  const tables = options.compact === false ? [] : await tablesOf(directory);
  return { graphId, committed: run.committed, alreadyDone: run.alreadyDone, dead: run.dead, tables };
}

/** The tables of a dataset, written anew where they are out of date. */
async function tablesOf(directory: string): Promise<readonly DatasetTable[]> {
  return areTablesOutOfDate(directory) ? compact(directory) : readDatasetFile(directory).tables;
}

/** Carries units to their commits. */
class DatasetRun {
  committed = 0;
  alreadyDone = 0;
  readonly dead: DeadLetter[] = [];
  readonly #ids = new Set<string>();
  readonly #writing = new Set<Promise<unknown>>();
  readonly #dataset: Dataset;
  readonly #graphId: string;

  constructor(dataset: Dataset, graphId: string) {
    this.#dataset = dataset;
    this.#graphId = graphId;
  }

  /** Runs a unit; emits nothing, and completes when it is committed or buried. Unsubscribing stops its rows. */
  add(unit: Unit): Observable<never> {
    return defer(() => this.#begin(unit)).pipe(
      mergeMap((begun) => (begun === undefined ? EMPTY : this.#compute(begun, unit))),
      ignoreElements(),
    );
  }

  /** Resolves when nothing is being written any more: a call that fails leaves no commit behind it. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#writing);
  }

  #compute(begun: Begun, unit: Unit): Observable<unknown> {
    return defer(unit.rows).pipe(
      toArray(),
      map((rows) => () => this.#commit(begun, unit, rows)),
      catchError((error: unknown) => {
        if (runFault(error) !== undefined) throw error;
        return of(() => this.#bury(begun.key, unit, error, 'rows'));
      }),
      mergeMap((finish) => {
        const writing = finish();
        this.#writing.add(writing);
        return writing.finally(() => this.#writing.delete(writing));
      }),
    );
  }

  /** The unit's key, or undefined when there is nothing to compute. */
  async #begin(unit: Unit): Promise<Begun | undefined> {
    const { store } = this.#dataset;
    if (this.#ids.has(unit.id)) {
      throw new UsageError(`two units have the id '${unit.id}'`, { remedy: 'Give each its own.' });
    }
    this.#ids.add(unit.id);
    const content = await this.#contentOf(unit);
    if (content instanceof MediaError) {
      await this.#bury(this.#keyOf(unit, 'unreadable'), unit, content, 'read');
      return undefined;
    }
    // What was said of the file when it could not be read is past.
    store.raise([this.#keyOf(unit, 'unreadable')]);
    const key = this.#keyOf(unit, content);
    if (store.facts(key)) {
      await store.makeCurrent(unit.id, key);
      this.alreadyDone += 1;
      return undefined;
    }
    const letter = store.letter(key);
    if (letter && !isWorthAnother(letter)) {
      this.dead.push(letter);
      return undefined;
    }
    if (letter) store.raise([key]);
    return { key, content };
  }

  #keyOf(unit: Unit, content: string): string {
    return contentHash([this.#graphId, unit.id, content]);
  }

  async #commit({ key, content }: Begun, unit: Unit, rows: readonly SubclipRow[]): Promise<void> {
    if ((await this.#contentOf(unit)) !== content) {
      const changed = new MediaError('unreadable', `${unit.path} changed while its rows were made`, {
        remedy: 'Run the same call again when nothing writes to it any more.',
      });
      return this.#bury(this.#keyOf(unit, 'unreadable'), unit, changed, 'read');
    }
    let table: UnitTable;
    try {
      table = joinRows({ itemId: unit.id, rows });
    } catch (error) {
      return this.#bury(key, unit, error, 'rows');
    }
    const done = await this.#dataset.store.commit(key, table);
    if (done === 'committed') this.committed += 1;
    else this.alreadyDone += 1;
  }

  /** Hash of the content of a unit's file, or why it cannot be read. */
  async #contentOf({ path }: Unit): Promise<string | MediaError> {
    if (path === undefined) return '';
    try {
      return await this.#dataset.fingerprint(path);
    } catch (error) {
      if (error instanceof MediaError && runFault(error) === undefined) return error;
      throw error;
    }
  }

  async #bury(key: string, unit: Unit, error: unknown, stage: string): Promise<void> {
    const letter = { ...letterOf(unit.id, error, stage), ...(unit.path === undefined ? {} : { path: unit.path }) };
    await this.#dataset.store.bury(key, letter);
    this.dead.push(letter);
  }
}

/** A unit that is to be computed. */
interface Begun {
  readonly key: string;
  /** Hash of its file's content as it is at the beginning. */
  readonly content: string;
}

/** The code of a unit has no version that would tell whether it is still the same: what it failed with is tried again. */
function isWorthAnother(letter: DeadLetter): boolean {
  return mayBeAnswered(letter) || letter.code === 'internal' || letter.code === 'usage';
}
