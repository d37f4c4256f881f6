import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { CsvError, type Info, parse } from 'csv-parse';
import { fill } from '../../core/whole-io.ts';
import { chooseColumns } from './choose-columns.ts';
import { CSV_OPTIONS, csvLayout, notCsv, SAMPLE_BYTES } from './csv-layout.ts';
import { rowFault } from './feature-fault.ts';
import type { FeatureFile, FeatureFileOptions } from './feature-file.ts';
import { RowMaker } from './row-maker.ts';

/** Maximum characters of a record. */
const MOST_RECORD = 64 * 2 ** 20;

/**
 * Opens CSV, tab- or semicolon-separated features: a column for each value, or one text column with
 * all of them. Read as a stream, holding one record at a time.
 *
 * @param ids of the rows, if the file has none.
 * @throws UsageError `features` when its columns do not fit the options.
 */
export async function openCsvFeatures(
  path: string,
  options: FeatureFileOptions,
  ids: readonly string[] | undefined,
): Promise<FeatureFile> {
  const { text, isWhole } = await sampleOf(path);
  const { delimiter, hasHeader, columns } = csvLayout(path, text, {
    isWhole,
    idsElsewhere: ids !== undefined,
    listIsNamed: options.column !== undefined,
  });
  const chosen = chooseColumns(path, columns, options);
  const nameAt = (position: number) => columns[position]?.name ?? '';
  return {
    path,
    streams: chosen.streams,
    hasSubclips: chosen.subclip >= 0,
    passedOver: chosen.passedOver,
    spoilt: chosen.spoilt,
    async read(take) {
      const maker = new RowMaker(path, chosen, ids);
      let isHeader = hasHeader;
      for await (const { fields, line } of csvLines(path, delimiter)) {
        if (isHeader) {
          isHeader = false;
          continue;
        }
        const place = { file: path, unit: 'line', number: line } as const;
        if (fields.length !== columns.length) {
          const found = `${fields.length} field${fields.length === 1 ? '' : 's'}`;
          throw rowFault(place, `it has ${found} where ${columns.length} are expected`);
        }
        take(maker.row((position) => fields[position], place, nameAt));
      }
      maker.end();
    },
  };
}

/** The records of a CSV file, the header included, with the line on which each ends. */
async function* csvLines(
  path: string,
  delimiter: string,
): AsyncGenerator<{ readonly fields: readonly string[]; readonly line: number }> {
  const parser = parse({ ...CSV_OPTIONS, delimiter, info: true, max_record_size: MOST_RECORD });
  const source = createReadStream(path);
  source.on('error', (error) => parser.destroy(error));
  source.pipe(parser);
  try {
    for await (const each of parser) {
      const { record, info } = each as { record: string[]; info: Info };
      yield { fields: record.map((field) => field.trim()), line: info.lines };
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw notCsv(path, error);
  } finally {
    source.destroy();
  }
}

async function sampleOf(path: string): Promise<{ text: string; isWhole: boolean }> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const bytes = Buffer.alloc(Math.min(size, SAMPLE_BYTES));
    const length = await fill(file, bytes, 0);
    return { text: bytes.toString('utf8', 0, length).replace(/^\ufeff/, ''), isWhole: length >= size };
  } finally {
    await file.close();
  }
}
