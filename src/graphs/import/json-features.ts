import { readLineBlocks } from '../../core/line-blocks.ts';
import { quoted } from '../../io/ratings/bad-lines.ts';
import { chooseColumns } from './choose-columns.ts';
import { type FeaturePlace, featureFault, rowFault } from './feature-fault.ts';
import type { FeatureFile, FeatureFileOptions } from './feature-file.ts';
import { jsonObjectRemedy } from './other-formats.ts';
import { RowMaker } from './row-maker.ts';
import { oddOneOut, sampledKind } from './sampled-kinds.ts';

/** Bytes read at a time, which is also the maximum length of a line. */
const LINE_BYTES = 16 * 2 ** 20;
const SAMPLE_LINES = 20;

type JsonRow = Readonly<Record<string, unknown>>;
/** Ends the reading of a sample. */
const ENOUGH = Symbol('enough');

/**
 * Opens JSON lines: objects with an id and either an array of values or a number for each. Read in
 * blocks of 16 MiB, which is also the maximum length of a line.
 *
 * @throws UsageError `features` when a line is not an object, or its keys do not fit the options.
 */
export async function openJsonFeatures(
  path: string,
  options: FeatureFileOptions,
  ids: readonly string[] | undefined,
): Promise<FeatureFile> {
  const sample: JsonRow[] = [];
  try {
    await eachObject(path, (row) => {
      sample.push(row);
      if (sample.length === SAMPLE_LINES) throw ENOUGH;
    });
  } catch (error) {
    if (error !== ENOUGH) throw error;
  }
  const [first] = sample;
  if (first === undefined) throw featureFault(path, 'has no lines', 'Write one object {"id": ..., ...} per line.');
  const names = Object.keys(first);
  const columns = names.map((name) => {
    const values = sample.map((row) => own(row, name));
    return { name, kind: sampledKind(values), odd: oddOneOut(values) };
  });
  const isOfItems = sample.length === 1 && columns.length > 1 && columns.every(({ kind }) => kind === 'list');
  if (isOfItems && options.id === undefined && options.ids === undefined) {
    throw featureFault(path, 'is one JSON object with a list for each item, not JSON lines', jsonObjectRemedy(path));
  }
  const chosen = chooseColumns(path, columns, options);
  return {
    path,
    streams: chosen.streams,
    hasSubclips: chosen.subclip >= 0,
    passedOver: chosen.passedOver,
    spoilt: chosen.spoilt,
    async read(take) {
      const maker = new RowMaker(path, chosen, ids);
      const nameAt = (position: number) => names[position] ?? '';
      await eachObject(path, (row, place) => {
        take(maker.row((position) => own(row, nameAt(position)), place, nameAt));
      });
      maker.end();
    },
  };
}

function own(row: JsonRow, name: string): unknown {
  return Object.hasOwn(row, name) ? row[name] : undefined;
}

async function eachObject(path: string, take: (row: JsonRow, place: FeaturePlace) => void): Promise<void> {
  let line = 0;
  const placeOf = (number: number) => ({ file: path, unit: 'line', number }) as const;
  await readLineBlocks(
    path,
    {
      tooLong() {
        throw rowFault(placeOf(line + 1), `it is longer than ${LINE_BYTES} bytes`, 'Write one line per item.');
      },
      take(bytes, end) {
        for (let start = 0; start < end; ) {
          const newline = bytes.indexOf(10, start);
          const stop = newline < 0 || newline > end ? end : newline;
          line += 1;
          const text = bytes.toString('utf8', start, stop).trim();
          if (text !== '') take(objectOf(text, placeOf(line)), placeOf(line));
          start = stop + 1;
        }
      },
    },
    { blockBytes: LINE_BYTES },
  );
}

function objectOf(text: string, place: FeaturePlace): JsonRow {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw rowFault(place, `it is not JSON: ${(error as Error).message}`, 'Write one whole object per line.');
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonRow;
  throw rowFault(
    place,
    `it should be an object, but is ${quoted(text)}`,
    'Write one object {"id": ..., ...} per line.',
  );
}
