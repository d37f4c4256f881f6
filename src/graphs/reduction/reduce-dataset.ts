import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { removeIfThere } from '../../core/atomic-file.ts';
import { UsageError } from '../../core/errors.ts';
import { compact } from '../../io/dataset/compact.ts';
import { Dataset } from '../../io/dataset/dataset.ts';
import {
  checkDirectory,
  type DatasetDescription,
  datasetFilePath,
  readDatasetFile,
} from '../../io/dataset/dataset-file.ts';
import type { ItemChange, ItemFacts } from '../../io/dataset/item-facts.ts';
import { ItemStoreWriter } from '../../io/dataset/item-store-writer.ts';
import type { Items } from '../../io/dataset/items.ts';
import { withoutCard } from '../../io/dataset/provenance.ts';
import { compareColumns, type UnitColumn, type UnitFacts, type UnitTable } from '../../io/dataset/schema.ts';
import { softwareVersion } from '../../io/dataset/software.ts';
import { TRAINING_STORE } from '../../io/dataset/training-store-path.ts';
import { transform } from '../../models/pca/fitted-pca.ts';
import { graphId, type Json, unitKey } from '../graph.ts';
import { earlierModel } from './earlier-model.ts';
import { checkAborted, fitPca, spread, validOnly } from './fit-pca.ts';
import { checkPcaFits, type FittedPca, pcaHash, readPca, writePca } from './pca-files.ts';
import { fitOf, type ReduceOptions } from './reduce-options.ts';
import { openSource, readCut, type SourceDataset, streamVectors, type UnitCut } from './source-dataset.ts';

/** What reducing a dataset did. */
export interface ReducedDataset {
  readonly graphId: string;
  readonly fitted: FittedPca | undefined;
  readonly dimension: number;
  readonly rows: number;
  readonly rowsWithout: number;
  readonly items: number;
  readonly alreadyDone: number;
  readonly added: number;
  readonly takenOut: number;
  readonly files: readonly string[];
}

/**
 * Fits a PCA to one stream of a dataset (or takes a fitted one) and writes the reduced dataset:
 * units, Parquet tables, the PCA, and the training store. Streams that are not reduced are copied
 * unchanged. The reduced dataset's graph id depends on the PCA, so a second call finds its existing
 * units; new items of the source can be added with `pca`.
 */
export async function reduceDataset(options: ReduceOptions): Promise<ReducedDataset> {
  const how = fitOf(options);
  const { source, column, vectors, isEarlier, ...found } = await begin(options);
  const say: NonNullable<ReduceOptions['onMessage']> = options.onMessage ?? (() => {});
  const dimension = vectors?.dimension ?? 0;
  const fitted = found.fitted ?? (vectors && { pca: await fitPca(vectors, how, options.signal), facts: vectors.facts });
  const description = describe(source, column, fitted);
  const dataset = await Dataset.open(options.out, description);
  let files: readonly string[];
  let done: Awaited<ReturnType<typeof writeUnits>>;
  let left: number;
  try {
    if (dataset.modernised !== undefined) say(dataset.modernised, { isWarning: true });
    files = fitted === undefined ? [] : await writePca(options.out, column, fitted);
    done = await writeUnits(source, dataset, description.graphId, { column, fitted, signal: options.signal });
    left = await removeOthers(dataset, source);
    await dataset.close();
  } finally {
    await dataset.release();
  }
  if (left > 0) say(`${left} item(s) that are no longer in ${options.input} are removed`);
  const added = done.inOrder.length - done.alreadyDone;
  if (isEarlier && fitted !== undefined && added > 0) {
    say(
      `${added} unit(s) are new since the last time, and are reduced with the earlier PCA, fitted to ${fitted.pca.rows} rows (${files[1]}); to fit one to all there is now, name another directory (\`out\`)`,
    );
  }
  const tables = await compact(options.out, storageOf(options));
  const items = await writeItems(options.out, source, description, { column, fitted, say, units: done.inOrder });
  const { graphId: id } = description;
  const paths = [...files, ...tables.map(({ path }) => path), ...(items === undefined ? [] : [TRAINING_STORE])];
  const { rows, rowsWithout, alreadyDone } = done;
  return {
    graphId: id,
    fitted,
    dimension,
    rows,
    rowsWithout,
    items: items ?? 0,
    alreadyDone,
    added,
    takenOut: left,
    files: paths,
  };
}

/** What is known before anything is fitted: the source, and any existing PCA. */
async function begin(options: ReduceOptions) {
  const source = await openSource(options.input, options);
  const column = options.column ?? 'visual';
  refuseOther(options.out);
  if (column === 'none') return { source, column, vectors: undefined, fitted: undefined, isEarlier: false };
  const vectors = streamVectors(source, column);
  const fitted =
    options.pca === undefined ? await earlierModel(options, source, column) : await readPca(options.pca, column);
  if (fitted !== undefined) {
    const name = `${options.input}, ${vectors.name}`;
    checkPcaFits(fitted, options.pca ?? options.out, options.pca === undefined ? vectors : { ...vectors, name });
  }
  return { source, column, vectors, fitted, isEarlier: options.pca === undefined && fitted !== undefined };
}

/**
 * What reducing a dataset would start from, and the id of the reduced dataset if no PCA has to be
 * fitted.
 *
 * @throws what `reduceDataset` throws before it fits.
 */
export async function plannedDataset(options: ReduceOptions) {
  const { source, column, vectors, fitted } = await begin(options);
  const fits = vectors !== undefined && fitted === undefined;
  if (fits) return { source, column, fitted, fits, graphId: undefined };
  const description = describe(source, column, fitted);
  if (existsSync(datasetFilePath(options.out))) checkDirectory(options.out, description);
  return { source, column, fitted, fits, graphId: description.graphId };
}

function storageOf({ encoding, compression }: ReduceOptions) {
  return { encoding, compression };
}

/**
 * Before anything is fitted, refuses a directory with a dataset that was not made by a reduction.
 * Other conflicts are found when it is opened.
 */
function refuseOther(out: string): void {
  if (!existsSync(datasetFilePath(out))) return;
  const { name } = readDatasetFile(out);
  if (name === 'reduction') return;
  throw new UsageError(`${out} holds a dataset of '${name}', not a reduced one`, {
    code: 'dataset',
    remedy: 'Name another output directory.',
  });
}

function describe(source: SourceDataset, column: string, fitted: FittedPca | undefined): DatasetDescription {
  const { subclips, statistic } = source.table;
  const pca =
    fitted === undefined
      ? null
      : { algorithm: fitted.pca.algorithm, components: fitted.pca.components, sha256: pcaHash(fitted) };
  const params: Json = { source: source.file.graphId, column, subclips, aggregate: statistic, pca };
  const of = { name: 'reduction', version: 1, params };
  const model = pca === null ? [] : [{ stream: column, name: `pca-${pca.components}`, random: false, ...pca }];
  return { graphId: graphId(of), ...of, models: [...source.file.models.map(withoutCard), ...model] };
}

/** Removes items that are no longer in the source. @returns how many. */
async function removeOthers(dataset: Dataset, source: SourceDataset): Promise<number> {
  const there = new Set(source.units.map(({ facts }) => facts.itemId));
  const others = (await dataset.store.currentUnits('aside')).filter(({ facts }) => !there.has(facts.itemId));
  const items = await dataset.store.items();
  for (const { facts } of others) {
    await dataset.store.remove(facts.itemId);
    items.forget(facts.itemId);
  }
  return others.length;
}

/** A unit of the reduced dataset. */
interface ReducedUnit {
  readonly key: string;
  readonly itemId: string;
  readonly rows: number;
}

interface Work {
  readonly column: string;
  readonly fitted: FittedPca | undefined;
}

async function writeUnits(
  source: SourceDataset,
  dataset: Dataset,
  graph: string,
  work: Work & { readonly signal: AbortSignal | undefined },
) {
  const inOrder: ReducedUnit[] = [];
  const [known, items] = [await source.store.items(), await dataset.store.items()];
  let [rows, rowsWithout, alreadyDone] = [0, 0, 0];
  for (const { key: sourceKey, facts } of source.units) {
    checkAborted(work.signal);
    const key = unitKey(graph, facts.itemId, sourceKey);
    const there = (await dataset.store.facts(key)) !== undefined;
    const cut = there ? undefined : await readCut(source, sourceKey);
    if (!there && cut === undefined) continue;
    if (there) {
      alreadyDone += 1;
      await dataset.store.makeCurrent(facts.itemId, key);
    }
    const table = cut === undefined ? await dataset.store.read(key) : await reduceCut(cut, work);
    const reduced = table.columns.find(({ stream }) => stream === work.column);
    inOrder.push({ key, itemId: facts.itemId, rows: table.length });
    rows += table.length;
    rowsWithout += reduced?.valid.reduce((sum, flag) => sum + 1 - flag, 0) ?? table.length;
    if (!there) await dataset.store.commit(key, table);
    noteItem(items, known.get(facts.itemId), facts, key);
  }
  return { inOrder, rows, rowsWithout, alreadyDone };
}

/** What the source records about an item also holds for the reduced item, except its unit. */
function noteItem(items: Items, known: ItemFacts | undefined, { itemId, partial, seconds }: UnitFacts, unit: string) {
  const { path, source, hash, duration = seconds, fps, width, height, streams, leftOut, more } = known ?? {};
  const media = { duration, fps, width, height, streams, leftOut };
  const change: ItemChange = { state: partial ? 'partial' : 'committed', unit, path, source, hash, ...media, more };
  if (items.isKnown(itemId, change)) return;
  items.note(itemId, { ...change, when: new Date().toISOString(), version: softwareVersion() });
}

async function reduceCut({ unit, first, rows, columns }: UnitCut, { column, fitted }: Work): Promise<UnitTable> {
  const end = first + rows;
  const reduced: UnitColumn[] = [];
  for (const each of columns) {
    if (each.stream !== column || fitted === undefined) {
      reduced.push(each);
      continue;
    }
    const { values, count } = validOnly({ ...each, rows });
    const { components } = fitted.pca;
    const kept = await transform(fitted.pca, values, count);
    reduced.push({ ...each, dimension: components, values: spread(kept, each.valid, components) });
  }
  return {
    itemId: unit.itemId,
    length: rows,
    subclips: unit.subclips.slice(first, end),
    seconds: unit.seconds?.slice(first, end),
    subclip: unit.subclip.slice(first, end),
    start: unit.start.slice(first, end),
    end: unit.end.slice(first, end),
    frames: unit.frames.slice(first, end),
    patches: unit.patches.slice(first, end),
    counts:
      unit.counts &&
      Object.fromEntries(Object.entries(unit.counts).map(([stream, counts]) => [stream, counts.slice(first, end)])),
    columns: reduced.sort(compareColumns),
    metadata: unit.metadata,
  };
}

/**
 * The training store: every item that has vectors, in the order of the tables.
 * @returns how many; undefined if they have different numbers of subclips, in which case there is
 *   no store.
 */
async function writeItems(
  directory: string,
  source: SourceDataset,
  description: DatasetDescription,
  work: Work & { readonly say: (message: string) => void; readonly units: readonly ReducedUnit[] },
): Promise<number | undefined> {
  const { columns } = source.table;
  const subclips = subclipsOfAll(source, work.units);
  if (typeof subclips !== 'number') {
    await removeIfThere(join(directory, TRAINING_STORE));
    work.say(
      `no training store (${TRAINING_STORE}) is written: it needs the same number of subclips for every item, and these have from ${subclips.fewest} to ${subclips.most} (${source.table.subclips}); reduce equal parts (\`subclips\`) to train on them`,
    );
    return undefined;
  }
  const streams = columns.map(({ stream, dimension }) => ({
    name: stream,
    dimension: stream === work.column && work.fitted !== undefined ? work.fitted.pca.components : dimension,
  }));
  const writer = await ItemStoreWriter.create(
    join(directory, TRAINING_STORE),
    { subclips, streams },
    {
      graph: description.graphId,
      aggregate: source.table.statistic,
      models: JSON.stringify(description.models),
    },
  );
  const reduced = await Dataset.open(directory, description);
  let items = 0;
  let without = 0;
  try {
    for (const { key, itemId } of work.units) {
      const unit = await reduced.store.read(key);
      const vectors = Object.fromEntries(
        unit.columns.map(({ stream, values, valid }) => [stream, valid.includes(1) ? values : undefined]),
      );
      const partly = unit.columns.find(({ valid }) => valid.includes(1) && valid.includes(0));
      if (partly !== undefined) {
        throw new UsageError(`item '${itemId}' has '${partly.stream}' vectors for some of its subclips only`, {
          code: 'item',
          remedy: 'Extract it again: a subclip without frames uses the nearest one.',
        });
      }
      if (Object.values(vectors).every((values) => values === undefined)) without += 1;
      else {
        await writer.add({ itemId, vectors });
        items += 1;
      }
    }
    await writer.close();
  } catch (error) {
    await writer.abort();
    throw error;
  }
  if (without > 0) work.say(`${without} item(s) have no vectors at all and are not in the training store`);
  return items;
}

/** How many subclips every item has, or the fewest and the most if they differ. */
function subclipsOfAll(
  { table }: SourceDataset,
  units: readonly ReducedUnit[],
): number | { readonly fewest: number; readonly most: number } {
  if (typeof table.subclips === 'number') return table.subclips;
  let [fewest, most] = [Number.POSITIVE_INFINITY, 0];
  for (const { rows } of units) [fewest, most] = [Math.min(fewest, rows), Math.max(most, rows)];
  return fewest === most ? most : { fewest, most };
}
