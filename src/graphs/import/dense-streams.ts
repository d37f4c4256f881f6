import { UsageError } from '../../core/errors.ts';
import { type ColumnScale, fitScales, type Standardisation, scaler } from './column-scales.ts';
import { featureFault } from './feature-fault.ts';
import type { FeatureFile } from './feature-file.ts';
import { type FeatureInput, type MissingRule, streamName } from './import-options.ts';
import type { ItemIndex } from './item-index.ts';
import type { ReadyStream } from './ready-stream.ts';
import { StreamRows } from './stream-rows.ts';

/** Rows of a stream, and what their file says about them. */
export interface DenseStream {
  readonly rows: StreamRows;
  readonly columns: readonly string[] | undefined;
  readonly passedOver: readonly string[];
  readonly spoilt: NonNullable<FeatureFile['spoilt']>;
}

/**
 * Creates places for the rows of a file's streams.
 * @throws UsageError `features` when the file has several streams but was given one name.
 */
export function denseStreams(file: FeatureFile, input: FeatureInput, directory: string): DenseStream[] {
  const { streams, path, passedOver, spoilt = [], hasSubclips } = file;
  if (streams.length > 1 && input.name !== undefined) {
    const names = streams.map(({ name }) => `'${name}'`).join(', ');
    throw featureFault(
      path,
      `has several vectors for each item, ${names}, but was given the one name '${input.name}'`,
      `Name one of them (\`column: '${streams[0]?.name}'\`), or leave the name out: then each is a stream.`,
    );
  }
  return streams.map(({ name, columns }) => ({
    rows: new StreamRows(input.name ?? streamName(name ?? path), path, directory, hasSubclips),
    columns,
    passedOver,
    spoilt,
  }));
}

/**
 * Reads a file into the places of its streams.
 *
 * @param onlyKnown whether to skip rows of items that no other file has.
 */
export async function readDense(
  file: FeatureFile,
  streams: readonly DenseStream[],
  items: ItemIndex,
  onlyKnown: boolean,
  check: () => void,
): Promise<void> {
  let taken = 0;
  await file.read(({ itemId, subclip, vectors, place }) => {
    taken += 1;
    if (taken % 1024 === 0) check();
    const item = onlyKnown ? items.find(itemId) : items.add(itemId);
    if (item === undefined) return;
    for (const [index, values] of vectors.entries()) {
      if (values !== undefined) streams[index]?.rows.add(item, itemId, subclip, values, place);
    }
  });
}

/** How a stream is prepared for the store. */
export interface DenseRules {
  readonly standardise: Standardisation;
  readonly missing: MissingRule;
  /** Items that scales are fitted to; undefined: all. */
  readonly fitted: ReadonlySet<number> | undefined;
}

/**
 * Fits the scales of a stream once all its rows have been read.
 * @throws UsageError `features` when values are missing and the rule is `refuse`, or no column is
 *   left.
 */
export async function readyDense(
  { rows, columns, passedOver, spoilt }: DenseStream,
  itemIds: readonly string[],
  { standardise, missing, fitted }: DenseRules,
  check: () => void,
): Promise<ReadyStream> {
  if (missing === 'refuse' && rows.missing > 0) {
    const count = rows.missing === 1 ? '1 value is' : `${rows.missing} values are`;
    throw new UsageError(
      `${count} missing or not finite in ${rows.incomplete.size} item(s) of ${rows.file}; the first: ${rows.firstMissing}`,
      {
        code: 'features',
        remedy:
          "Fill them in, or choose what to do: `missing: 'mean'` (of the column), or `missing: 'drop'` (those items go without the stream).",
      },
    );
  }
  rows.finish(itemIds, missing === 'drop');
  const owners = [...itemIds.keys()].filter((item) => rows.has(item));
  const own = fitted === undefined ? owners : owners.filter((item) => fitted.has(item));
  if (own.length === 0) {
    throw featureFault(
      rows.file,
      owners.length === 0
        ? `has no whole vectors of '${rows.name}'`
        : `has none of the items that scales are fitted to`,
      "Check that the files use the same kind of ids, or leave `fitOn` or `missing: 'drop'` out.",
    );
  }
  const fitRows = Int32Array.from(own.flatMap((item) => [...rows.rowsOf(item)]));
  const scales = await fitScales(rows, fitRows, standardise, check);
  const kept = [...scales.keys()].filter((column) => scales[column]?.constant === undefined);
  const nameOf = (column: number) => columns?.[column] ?? String(column + 1);
  if (kept.length === 0) {
    throw featureFault(
      rows.file,
      `has only constant columns in '${rows.name}'`,
      'Give features that tell items apart.',
    );
  }
  const buffer = new Float64Array(rows.dimension);
  const scale = scaler(scales, kept, standardise);
  return {
    name: rows.name,
    kind: 'dense',
    file: rows.file,
    dimension: kept.length,
    rowsPerItem: rows.rowsPerItem,
    dropped: [
      ...spoilt,
      ...scales.flatMap(({ constant }, column) =>
        constant === undefined ? [] : [{ column: nameOf(column), why: constant }],
      ),
    ],
    passedOver,
    missingValues: rows.missing,
    described: {
      columns: columns === undefined ? undefined : kept.map(nameOf),
      scales: standardise === 'none' ? undefined : kept.map((column) => numbersOf(scales[column] as ColumnScale)),
    },
    has: (item) => rows.has(item),
    read(item, into) {
      for (const [index, row] of rows.rowsOf(item).entries()) {
        rows.read(row, 0, buffer);
        scale(buffer, into, index * kept.length);
      }
    },
  };
}

/** The parts of a scale that JSON can hold. */
function numbersOf({ low, high, mean, deviation }: ColumnScale) {
  return Number.isFinite(low) ? { low, high, mean, deviation } : { mean, deviation };
}
