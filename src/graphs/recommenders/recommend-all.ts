import { type FileHandle, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Table, tableFromArrays } from 'apache-arrow';
import { createFile, makeDirectory, removeIfThere, temporaryPath } from '../../core/atomic-file.ts';
import { checkInteger, checkString } from '../../core/check.ts';
import { csvField } from '../../core/csv-field.ts';
import { writeFailure } from '../../core/disk-full.ts';
import { checkFileEnding } from '../../core/file-ending.ts';
import { checkKnownOptions, type KnownOptions } from '../../core/known-options.ts';
import { ParquetWriter } from '../../io/dataset/parquet.ts';
import { softwareVersion } from '../../io/dataset/software.ts';
import type { LoadedRecommender } from './load-recommender.ts';
import { Ranking } from './ranking.ts';
import { shownPrediction } from './recommend.ts';

/** What to recommend to all users, and where to write it. */
export interface RecommendToAllOptions {
  /** A file named `.csv`, `.jsonl` or `.parquet`; an existing one is replaced. */
  readonly out: string;
  /** Maximum number of items for each user. Default 10. */
  readonly k?: number | undefined;
  /** Only items that nobody has rated in training. */
  readonly coldOnly?: boolean | undefined;
  /** Only items with at least this many ratings in training. Default 0: all. */
  readonly minRatings?: number | undefined;
  /** Finds all recommendations, but writes nothing. Default false. */
  readonly dryRun?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with the number of users that are done. */
  readonly onProgress?: ((done: number, users: number) => void) | undefined;
}

/** What was written. */
export interface RecommendedToAll {
  readonly out: string;
  readonly users: number;
  /** Users for whom there was no item left. */
  readonly usersWithout: number;
  /** Number of recommendations. */
  readonly rows: number;
}

/** One recommendation. */
interface Row {
  readonly user: string;
  /** Counted from 1. */
  readonly rank: number;
  readonly item: string;
  readonly prediction: number;
  /** `prediction` before it is clipped to the scale; the list is ordered by it. */
  readonly score: number;
}

/** Pairs scored in one call, at 12 bytes each. */
const pairsAtOnce = 1 << 21;
/** Extensions that a file of lists may have. */
export const listFormats = ['csv', 'jsonl', 'parquet'] as const;

const known: KnownOptions<RecommendToAllOptions> = {
  out: true,
  k: true,
  coldOnly: true,
  minRatings: true,
  dryRun: true,
  signal: true,
  onProgress: true,
};

/**
 * Writes recommendations for every user of the training ratings, in the order of their ids: user,
 * rank, item, prediction, and score (the prediction before it is clipped). Users are scored in
 * groups of about two million pairs and written as they are done, so memory is bounded however many
 * there are. The file appears whole or not at all.
 *
 * @throws UsageError when the file has another extension; `no-content` as in `recommend`;
 * SystemError `not-writable`, `disk-full`; the reason of `signal`.
 * @example
 * const { rows } = await recommendToAll(await loadRecommender('recommenders/svd'), { out: 'lists.parquet', k: 20 });
 */
export async function recommendToAll(
  model: LoadedRecommender,
  options: RecommendToAllOptions,
): Promise<RecommendedToAll> {
  checkKnownOptions('recommendToAll', options, known);
  const out = checkString('out', options.out);
  const format = checkFileEnding('out', out, listFormats);
  const k = checkInteger('k', options.k ?? 10);
  const [temporary, sink] = options.dryRun === true ? [undefined, nowhere] : await openSink(out, format);
  let [rows, usersWithout] = [0, 0];
  try {
    for await (const lists of listsOfAll(model, k, options)) {
      usersWithout += lists.filter((list) => list.length === 0).length;
      const some = lists.flat();
      rows += some.length;
      await sink.write(some);
    }
    await sink.close();
    if (temporary !== undefined) await rename(temporary, out);
  } catch (error) {
    await sink.abort(error);
    if (temporary !== undefined) await removeIfThere(temporary);
    throw writeFailure(out, error);
  }
  return { out, users: model.saved.userIds.length, usersWithout, rows };
}

/** Counts rows without writing them. */
const nowhere = {
  write: async (_rows: readonly Row[]): Promise<void> => {},
  close: async (): Promise<void> => {},
  abort: async (_reason: unknown): Promise<void> => {},
};

async function openSink(out: string, format: (typeof listFormats)[number]) {
  await makeDirectory(dirname(out));
  const temporary = temporaryPath(dirname(out));
  const sink = format === 'parquet' ? new ParquetSink(temporary) : await TextSink.create(temporary, format);
  return [temporary, sink] as const;
}

/** The lists of all users, some users at a time. */
async function* listsOfAll(
  model: LoadedRecommender,
  k: number,
  { coldOnly, minRatings, signal, onProgress }: RecommendToAllOptions,
): AsyncGenerator<Row[][]> {
  const { saved } = model;
  const ranking = new Ranking(saved);
  const usersAtOnce = Math.max(1, Math.floor(pairsAtOnce / saved.catalogue.length));
  for (let from = 0; from < saved.userIds.length; from += usersAtOnce) {
    signal?.throwIfAborted();
    const ids = saved.userIds.slice(from, from + usersAtOnce);
    const candidates = ids.map((_, at) => ranking.candidates(ranking.ratingsOf(from + at), { coldOnly, minRatings }));
    const pairs = candidates.reduce((sum, { length }) => sum + length, 0);
    const [users, items] = [new Int32Array(pairs), new Int32Array(pairs)];
    const starts: number[] = [];
    let start = 0;
    for (const [at, own] of candidates.entries()) {
      starts.push(start);
      users.fill(from + at, start, start + own.length);
      items.set(own, start);
      start += own.length;
    }
    const scores = pairs === 0 ? new Float32Array(0) : await model.score(users, items);
    yield ids.map((user, at) => {
      const own = candidates[at] as Int32Array;
      const of = scores.subarray(starts[at], (starts[at] as number) + own.length);
      return ranking.best(own, of, k).map((place, rank) => ({
        ...{ user, rank: rank + 1, item: saved.catalogue[own[place] as number]?.id as string },
        ...{ prediction: shownPrediction(saved, of[place] as number), score: of[place] as number },
      }));
    });
    onProgress?.(from + ids.length, saved.userIds.length);
  }
}

/** Writes rows as lines of text. */
class TextSink {
  readonly #file: FileHandle;
  readonly #line: (row: Row) => string;
  /** Lines before the first row, until they have been written. */
  #header: string;

  private constructor(file: FileHandle, line: (row: Row) => string, header = '') {
    this.#file = file;
    this.#line = line;
    this.#header = header;
  }

  static async create(path: string, format: 'csv' | 'jsonl'): Promise<TextSink> {
    const file = await createFile(path);
    if (format === 'jsonl') return new TextSink(file, (row) => `${JSON.stringify(row)}\n`);
    return new TextSink(
      file,
      ({ user, rank, item, prediction, score }) =>
        `${csvField(user)},${rank},${csvField(item)},${prediction},${score}\n`,
      'user,rank,item,prediction,score\n',
    );
  }

  async write(rows: readonly Row[]): Promise<void> {
    await this.#file.appendFile(this.#header + rows.map(this.#line).join(''));
    this.#header = '';
  }

  async close(): Promise<void> {
    await this.write([]);
    await this.#file.sync();
    await this.#file.close();
  }

  async abort(_reason: unknown): Promise<void> {
    await this.#file.close();
  }
}

/** Writes rows as a Parquet table. */
class ParquetSink {
  readonly #path: string;
  #writer: ParquetWriter | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  async write(rows: readonly Row[]): Promise<void> {
    if (rows.length === 0 && this.#writer !== undefined) return;
    this.#writer ??= await ParquetWriter.create(this.#path, {
      rowGroupRows: 1 << 20,
      metadata: '{}',
      createdBy: softwareVersion(),
      scalarColumns: ['user', 'rank', 'item', 'prediction', 'score'],
    });
    const table = tableFromArrays({
      user: rows.map(({ user }) => user),
      rank: Int32Array.from(rows, ({ rank }) => rank),
      item: rows.map(({ item }) => item),
      prediction: Float32Array.from(rows, ({ prediction }) => prediction),
      score: Float32Array.from(rows, ({ score }) => score),
    });
    for (const batch of new Table(table.batches).batches) await this.#writer.write(batch);
  }

  async close(): Promise<void> {
    await this.#writer?.close();
  }

  async abort(reason: unknown): Promise<void> {
    await this.#writer?.abort(reason);
  }
}
