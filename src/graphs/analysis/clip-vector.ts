import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FlowError, UsageError } from '../../core/errors.ts';
import { temporaryFolder } from '../../core/temporary-folder.ts';
import { CommitStore } from '../../io/dataset/commit-store.ts';
import { type DatasetFile, readDatasetFile } from '../../io/dataset/dataset-file.ts';
import { errorOfLetter } from '../../io/dataset/dead-letter.ts';
import { isFarAddress } from '../../io/far/far-address.ts';
import { video } from '../../io/media/video.ts';
import { atDataset } from '../../io/objects/at-dataset.ts';
import { transform } from '../../models/pca/fitted-pca.ts';
import { pcaHash, readPca } from '../reduction/pca-files.ts';
import { openSource, readCut, type SourceDataset } from '../reduction/source-dataset.ts';
import type { RunOptions } from '../run-options.ts';
import { graphFrom } from '../spec/graph-from.ts';
import { readSpec } from '../spec/graph-spec.ts';
import { writeDataset } from '../write-dataset.ts';
import { meanOf } from './mean-of.ts';

/** A clip to search features with, and how to decode it. */
export interface ClipOptions extends Pick<RunOptions, 'memory' | 'device' | 'signal' | 'onMessage'> {
  /** Path of the clip. */
  readonly clip: string;
  /** A moment in seconds, which selects the subclip there. Default: the mean of its subclips. */
  readonly at?: number | undefined;
  /** Weight files, and directories of them; the right file is found by its hash. */
  readonly weights?: readonly string[] | undefined;
  /** For a reduction: the dataset that it was made from, which knows how to decode. */
  readonly source?: string | undefined;
}

/** The vector that a dataset would have for a clip. */
export interface ClipVector {
  readonly vector: Float32Array;
  /** For a moment: the subclip that contains it. */
  readonly subclip?: { readonly number: number; readonly start: number; readonly end: number } | undefined;
}

/**
 * The vector that a dataset would have for a clip: decoded and embedded by the graph that made the
 * dataset, with the same networks (identified by the hashes of their weights), geometry and
 * statistic; for a reduction, also projected by its PCA. Nothing is added to the dataset.
 *
 * @throws UsageError `spec` when the dataset's graph cannot be made again, `dataset` when it is a
 * training store or `source` is not its source, `no-inputs` when there is no such file, `moment`
 * when the clip is shorter; ModelError `weights` when weights are not found; MediaError or
 * FlowError when the clip cannot be decoded or embedded.
 */
export function clipVector(
  path: string,
  options: ClipOptions,
  table: SourceDataset['table'],
  stream: string,
): Promise<ClipVector> {
  const { source = path } = options;
  return atDataset(source, (directory) => vectorBy(path, { ...options, source: directory }, table, stream));
}

async function vectorBy(
  path: string,
  { clip, at, weights, source, memory, device, signal, onMessage }: ClipOptions & { readonly source: string },
  table: SourceDataset['table'],
  stream: string,
): Promise<ClipVector> {
  if (!isFarAddress(clip) && !existsSync(clip)) {
    throw new UsageError(`there is no file '${clip}'`, {
      code: 'no-inputs',
      option: 'like',
      remedy: `For an item of the dataset, give its id: \`item: '${clip}'\`.`,
    });
  }
  const file = readDatasetFile(path);
  const project = await projection(path, file, source, stream);
  const graph = await graphFrom(await readSpec(source), weights === undefined ? {} : { weights });
  const scratch = await temporaryFolder('reelflow-search~');
  try {
    const own = join(scratch.path, 'clip');
    const running = { memory, device, signal, onMessage: exceptFailures(onMessage), concurrency: 1, compact: false };
    const { interrupted } = await writeDataset(own, [video(clip)], { graph, ...running });
    if (interrupted) throw new FlowError('aborted', 'the search was stopped');
    const [dead] = await (await CommitStore.open(own, { create: false })).letters();
    if (dead !== undefined) throw errorOfLetter(dead.letter);
    const { subclips: cut, statistic } = table;
    const chosen = typeof cut === 'number' ? { subclips: cut } : { subclipSeconds: Number.parseFloat(cut) };
    const found = await vectorsOf(await openSource(own, { ...chosen, statistic }), stream, clip);
    return at === undefined
      ? {
          vector: await project(
            wholeOf(
              found.map(({ vector }) => vector),
              stream,
              clip,
            ),
          ),
        }
      : await momentOf(found, at, { clip, stream, project });
  } finally {
    await scratch.remove();
  }
}

/** The failure of the clip is thrown, and not reported as well. */
function exceptFailures(onMessage: ClipOptions['onMessage']): ClipOptions['onMessage'] {
  if (onMessage === undefined) return undefined;
  return (message, about) => {
    if (about?.item === undefined || about.code === undefined) onMessage(message, about);
  };
}

interface ClipRow {
  readonly start: number;
  readonly end: number;
  readonly vector: Float32Array | undefined;
}

async function vectorsOf(source: SourceDataset, stream: string, clip: string): Promise<ClipRow[]> {
  const [unit] = source.units;
  const cut = unit && (await readCut(source, unit.key));
  const column = cut?.columns.find((each) => each.stream === stream);
  if (cut === undefined || column === undefined) throw without(stream, clip);
  const { first, rows, unit: table } = cut;
  return Array.from({ length: rows }, (_, row) => ({
    start: table.start[first + row] as number,
    end: table.end[first + row] as number,
    vector:
      column.valid[row] === 1 ? column.values.slice(row * column.dimension, (row + 1) * column.dimension) : undefined,
  }));
}

function wholeOf(vectors: readonly (Float32Array | undefined)[], stream: string, clip: string): Float32Array {
  const mean = meanOf(vectors);
  if (mean === undefined) throw without(stream, clip);
  return Float32Array.from(mean);
}

async function momentOf(
  rows: readonly ClipRow[],
  at: number,
  { clip, stream, project }: { clip: string; stream: string; project: (vector: Float32Array) => Promise<Float32Array> },
): Promise<ClipVector> {
  const end = rows.at(-1)?.end ?? 0;
  const number = rows.findIndex((row) => at >= row.start && (at < row.end || (at === end && row.end === end)));
  const row = rows[number];
  if (row === undefined) {
    throw new UsageError(`'${clip}' has no moment at ${at} s: it ends at ${end.toFixed(1)} s`, {
      code: 'moment',
      option: 'at',
    });
  }
  if (row.vector === undefined) throw without(stream, clip);
  return { vector: await project(row.vector), subclip: { number, start: row.start, end: row.end } };
}

function without(stream: string, clip: string): UsageError {
  return new UsageError(`'${clip}' has no ${stream} there`, {
    code: 'unknown-item',
    remedy: 'Search another stream (`stream`), or with another moment.',
  });
}

/** How vectors of the source are turned into those of the dataset that is searched. */
async function projection(
  path: string,
  { name, params }: DatasetFile,
  source: string,
  stream: string,
): Promise<(vector: Float32Array) => Promise<Float32Array>> {
  if (name !== 'reduction') return async (vector) => vector;
  const made = params as {
    readonly source?: unknown;
    readonly column?: unknown;
    readonly pca?: { sha256?: unknown } | undefined;
  };
  if (source === path) {
    throw new UsageError(`${path} is a reduction, which does not know how its clips were decoded`, {
      code: 'dataset',
      option: 'source',
      remedy: "Name the dataset that it was made from: `source: 'features/'`.",
    });
  }
  if (readDatasetFile(source).graphId !== made.source) {
    throw new UsageError(`${path} was not made from ${source}, but from another dataset`, {
      code: 'dataset',
      option: 'source',
    });
  }
  if (stream !== made.column || made.pca === null || made.pca === undefined) return async (vector) => vector;
  const fitted = await readPca(path, stream);
  if (pcaHash(fitted) !== made.pca.sha256) {
    throw new UsageError(`the PCA in ${path} is not the one that the reduction was made with`, {
      code: 'dataset',
      remedy: 'Run `reduce` again into another directory.',
    });
  }
  return (vector) => transform(fitted.pca, vector, 1);
}
