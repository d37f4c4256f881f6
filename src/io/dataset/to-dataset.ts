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
import { checkFunction, checkInteger, checkString } from '../../check.ts';
import { FlowError, MediaError, type ReelflowError, UsageError } from '../../errors.ts';
import type { SubclipRow } from '../../operators/subclips.ts';
import { contentHash } from './canonical-json.ts';
import { compact } from './compact.ts';
import { Dataset } from './dataset.ts';
import type { DatasetTable } from './dataset-file.ts';
import type { DeadLetter } from './dead-letter.ts';
import { joinRows } from './join.ts';

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
 * the end. A second call computes only what is missing. A unit that fails with a MediaError or a FlowError becomes a dead
 * letter and the others go on; any other error ends the call, and what is committed stays.
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
  } finally {
    await dataset.close();
  }
  const tables = options.compact === false ? [] : await compact(directory, { current: run.keys });
  return { graphId, committed: run.committed, alreadyDone: run.alreadyDone, dead: run.dead, tables };
}

/** Carries units to their commits. */
class DatasetRun {
  committed = 0;
  alreadyDone = 0;
  readonly dead: DeadLetter[] = [];
  readonly keys = new Set<string>();
  readonly #ids = new Set<string>();
  readonly #dataset: Dataset;
  readonly #graphId: string;

  constructor(dataset: Dataset, graphId: string) {
    this.#dataset = dataset;
    this.#graphId = graphId;
  }

  /** Runs a unit; emits nothing, and completes when it is committed or buried. Unsubscribing stops its rows. */
  add(unit: Unit): Observable<never> {
    return defer(() => this.#keyToCompute(unit)).pipe(
      mergeMap((key) => (key === undefined ? EMPTY : this.#compute(key, unit))),
      ignoreElements(),
    );
  }

  #compute(key: string, unit: Unit): Observable<unknown> {
    return defer(unit.rows).pipe(
      toArray(),
      map((rows) => () => this.#commit(key, unit, rows)),
      catchError((error: unknown) => {
        const itsOwn = error instanceof MediaError || (error instanceof FlowError && error.code !== 'aborted');
        if (!itsOwn) throw error;
        return of(() => this.#bury(key, unit, error, 'rows'));
      }),
      mergeMap((finish) => finish()),
    );
  }

  /** The unit's key, or undefined when there is nothing to compute. */
  async #keyToCompute(unit: Unit): Promise<string | undefined> {
    const { store } = this.#dataset;
    if (this.#ids.has(unit.id)) {
      throw new UsageError(`two units have the id '${unit.id}'`, { remedy: 'Give each its own.' });
    }
    this.#ids.add(unit.id);
    const content = unit.path === undefined ? '' : await this.#fingerprint(unit.path);
    const key = contentHash([this.#graphId, unit.id, content instanceof MediaError ? 'unreadable' : content]);
    this.keys.add(key);
    const letter = store.letter(key);
    if (letter) this.dead.push(letter);
    else if (store.facts(key)) this.alreadyDone += 1;
    else if (content instanceof MediaError) await this.#bury(key, unit, content, 'read');
    else return key;
    return undefined;
  }

  async #commit(key: string, unit: Unit, rows: readonly SubclipRow[]): Promise<void> {
    const done = await this.#dataset.store.commit(key, joinRows({ itemId: unit.id, rows }));
    if (done === 'committed') this.committed += 1;
    else this.alreadyDone += 1;
  }

  async #fingerprint(path: string): Promise<string | MediaError> {
    try {
      return await this.#dataset.fingerprint(path);
    } catch (error) {
      if (error instanceof MediaError) return error;
      throw error;
    }
  }

  async #bury(key: string, unit: Unit, error: ReelflowError, stage: string): Promise<void> {
    const letter: DeadLetter = {
      item: unit.id,
      ...(unit.path === undefined ? {} : { path: unit.path }),
      code: error.code,
      stage,
      message: error.message,
      ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
      decoderLines: error instanceof MediaError ? error.decoderLines : [],
    };
    await this.#dataset.store.bury(key, letter);
    this.dead.push(letter);
  }
}
