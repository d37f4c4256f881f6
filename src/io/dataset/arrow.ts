import { crc32 } from 'node:zlib';
import { DataType, type Field, FixedSizeList, type Schema, Table, tableToIPC } from 'apache-arrow';
import { DatasetError } from '../../core/errors.ts';
import { wordsOf } from '../../core/words-of.ts';
import { type Statistic, statisticNames } from '../../operators/statistics.ts';
import { numberColumn, recordBatch, vectorColumn } from './batch-columns.ts';
import { cutsOf, parseCut } from './cut.ts';
import { type ColumnShape, columnName, countedStream, countName, type UnitFacts, type UnitTable } from './schema.ts';
import { readUnitBatches, schemaOfFooter, unitBatches } from './unit-batches.ts';
import { wholeUnitColumns } from './unit-columns.ts';
import { listRowTables, ROW_TABLES, readRowTables, rowTableBytes } from './unit-rows.ts';

/**
 * Entries of the schema metadata that belong to the format itself; units of version 0.1.0 before
 * its release have their checksum there.
 */
const ITEM = 'item_id';
const CUTS = 'subclips';
const OWN_ENTRIES = [ITEM, CUTS, ROW_TABLES, 'checksum'];
/** Precedes the eight digits of the checksum. */
const SEAL = 'reelflow-unit-crc32=';
const NO_DIGITS = '00000000';
/**
 * The seal is written directly before the footer, where no user text can be and no reader of Arrow
 * files looks. A multiple of 8 keeps the footer aligned.
 */
const SEAL_BYTES = 32;
const FILE_MAGIC = 'ARROW1';
/** Bytes of the footer's length and the final magic. */
const TAIL_BYTES = 4 + FILE_MAGIC.length;

/**
 * A unit as the bytes of an uncompressed Arrow IPC file with one record batch, or several of
 * `batchBytes` if it is larger. Equal units give equal bytes. Columns: item_id utf8; subclips,
 * subclip int32; seconds float64 between them, if any cut has a fixed length (0 in rows of other
 * cuts); start, end float64 (s); frames, patches int32; partial bool; an int32 `NAME_rows` for each
 * stream except visual and audio; then a nullable fixed_size_list<float32>[dimension] for each
 * stream and statistic. The schema's metadata include the unit's own, sorted. Tables of rows follow
 * the record batches (see `unit-rows.ts`). A checksum of the whole file lies between the record
 * batch and the footer.
 */
export function encodeUnit(table: UnitTable, batchBytes?: number): Uint8Array {
  const names = Object.keys(table.metadata).filter((name) => !OWN_ENTRIES.includes(name));
  const metadata = new Map(names.sort().map((name) => [name, table.metadata[name] as string]));
  metadata.set(ITEM, table.itemId);
  metadata.set(CUTS, cutsOf(table).join(','));
  const rowTables = listRowTables(table);
  if (rowTables !== undefined) metadata.set(ROW_TABLES, rowTables);
  const batch = recordBatch(
    [
      ...wholeUnitColumns(table),
      ...Object.entries(table.counts ?? {}).map(([stream, counts]) =>
        numberColumn(countName(stream) as string, counts),
      ),
      ...table.columns.map((column) =>
        vectorColumn(
          columnName(column),
          column,
          new Map([
            ['stream', column.stream],
            ['statistic', column.statistic],
            ['vectors', String(column.valid.reduce((count, flag) => count + flag, 0))],
          ]),
        ),
      ),
    ],
    table.length,
    metadata,
  );
  const written = asBuffer(tableToIPC(new Table(batch.schema, unitBatches(batch, batchBytes)), 'file'));
  const footer = footerStart(written);
  const seal = Buffer.from(`${SEAL}${NO_DIGITS}`.padEnd(SEAL_BYTES), 'latin1');
  const beforeSeal = Buffer.concat([written.subarray(0, footer), ...rowTableBytes(table)]);
  const bytes = Buffer.concat([beforeSeal, seal, written.subarray(footer)]);
  const position = beforeSeal.length + SEAL.length;
  bytes.write(checksum(bytes, position), position, 'latin1');
  return bytes;
}

/**
 * Decodes the unit in the bytes of an Arrow IPC file. Its columns are views of the bytes, not
 * copies.
 *
 * @throws DatasetError `damaged` when the bytes are not a whole, undamaged unit. `file` is named in
 * the message.
 */
export function decodeUnit(bytes: Uint8Array, file: string): UnitTable {
  const aligned = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
  const text = (from: number, to: number) => Buffer.from(aligned.subarray(from, to)).toString('latin1');
  if (text(0, 6) !== FILE_MAGIC || text(aligned.length - 6, aligned.length) !== FILE_MAGIC) {
    throw damaged(file, aligned.length === 0 ? 'it is empty' : 'it does not begin and end as an Arrow file does');
  }
  // Checked before anything is parsed, because a reader of Arrow files may never return on a
  // damaged one.
  const whole = asBuffer(aligned);
  const position = sealPosition(whole);
  if (position === undefined) throw damaged(file, 'it has no checksum');
  const written = whole.toString('latin1', position, position + NO_DIGITS.length);
  const found = checksum(whole, position);
  if (written !== found) throw damaged(file, `its checksum is ${found}, but ${written} was written`);
  try {
    return unitOf(whole);
  } catch (error) {
    throw damaged(file, wordsOf(error), error);
  }
}

/**
 * What a unit's file says about the unit without its rows: enough for counting and planning.
 *
 * @param tail the last bytes of the file.
 * @returns the facts, or the number of bytes from the end of the file that are needed.
 * @throws DatasetError `damaged` when the bytes are not the end of a unit.
 */
export function decodeUnitFacts(tail: Uint8Array, file: string): UnitFacts | number {
  const bytes = asBuffer(tail);
  const end = bytes.length - TAIL_BYTES;
  if (end < 0 || bytes.toString('latin1', end + 4) !== FILE_MAGIC) {
    throw damaged(file, bytes.length === 0 ? 'it is empty' : 'it does not end as an Arrow file does');
  }
  const start = end - bytes.readInt32LE(end);
  if (start > end) throw damaged(file, 'the length of its footer is negative');
  if (start < 0) return bytes.length - start;
  try {
    return factsOf(schemaOfFooter(bytes.subarray(start)));
  } catch (error) {
    throw damaged(file, wordsOf(error), error);
  }
}

function unitOf(bytes: Buffer): UnitTable {
  const { schema, rows, numbers, vectors } = readUnitBatches(bytes);
  const { metadata } = schema;
  const rowTables = readRowTables(bytes, footerStart(bytes) - SEAL_BYTES, metadata.get(ROW_TABLES));
  const counts = schema.fields.flatMap(({ name, type }): [string, Int32Array][] => {
    const stream = DataType.isInt(type) ? countedStream(name) : undefined;
    return stream === undefined ? [] : [[stream, numbers(name, Int32Array)]];
  });
  const hasSeconds = schema.fields.some(({ name }) => name === 'seconds');
  return {
    itemId: entry(metadata, ITEM),
    length: rows,
    subclips: numbers('subclips', Int32Array),
    seconds: hasSeconds ? numbers('seconds', Float64Array) : undefined,
    subclip: numbers('subclip', Int32Array),
    start: numbers('start', Float64Array),
    end: numbers('end', Float64Array),
    frames: numbers('frames', Int32Array),
    patches: numbers('patches', Int32Array),
    columns: schema.fields.flatMap((field, index) => {
      const shape = shapeOf(field);
      return shape ? [{ ...shape, ...vectors(index, shape.dimension) }] : [];
    }),
    counts: counts.length > 0 ? Object.fromEntries(counts) : undefined,
    rowTables,
    metadata: Object.fromEntries([...metadata].filter(([name]) => !OWN_ENTRIES.includes(name))),
  };
}

function factsOf(schema: Schema): UnitFacts {
  const metadata = schema.metadata;
  const cuts = entry(metadata, CUTS);
  return {
    itemId: entry(metadata, ITEM),
    subclips: cuts === '' ? [] : cuts.split(',').map(parseCut),
    columns: schema.fields.flatMap((field) => {
      const shape = shapeOf(field);
      return shape ? [{ ...shape, vectors: Number(entry(field.metadata, 'vectors')) }] : [];
    }),
    frames: Number(metadata.get('frames') ?? 0),
    patches: Number(metadata.get('patches') ?? 0),
    seconds: Number(metadata.get('seconds') ?? 0),
    partial: metadata.get('verdict') === 'partial',
  };
}

function shapeOf(field: Field<DataType>): ColumnShape | undefined {
  if (!(field.type instanceof FixedSizeList)) return undefined;
  const statistic = field.metadata.get('statistic') as Statistic;
  if (!statisticNames.includes(statistic)) throw new RangeError(`column '${field.name}' does not name its statistic`);
  return { stream: entry(field.metadata, 'stream'), statistic, dimension: field.type.listSize };
}

function entry(metadata: Map<string, string>, name: string): string {
  const value = metadata.get(name);
  if (value === undefined) throw new RangeError(`its metadata have no '${name}'`);
  return value;
}

/**
 * The position of the checksum's digits: directly before the footer or, in units of the first
 * format (which refused the seal's text elsewhere), in the footer.
 */
function sealPosition(bytes: Buffer): number | undefined {
  const footer = footerStart(bytes);
  const position = footer - SEAL_BYTES;
  if (position >= 0 && bytes.toString('latin1', position, position + SEAL.length) === SEAL)
    return position + SEAL.length;
  if (footer < 0) return undefined;
  // Only in the footer: a search of a whole file finds nothing beyond its first 2 GiB.
  const first = bytes.subarray(footer).lastIndexOf(SEAL);
  return first < 0 ? undefined : footer + first + SEAL.length;
}

/** Where the footer of an Arrow file starts, from the length that follows it. */
function footerStart(bytes: Buffer): number {
  const end = bytes.length - TAIL_BYTES;
  return end < 0 ? end : end - bytes.readInt32LE(end);
}

/** CRC-32 of the whole file, with zeros in place of the checksum's digits. */
function checksum(bytes: Buffer, position: number): string {
  const sum = crc32(NO_DIGITS, crc32(bytes.subarray(0, position)));
  return crc32(bytes.subarray(position + NO_DIGITS.length), sum)
    .toString(16)
    .padStart(NO_DIGITS.length, '0');
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function damaged(file: string, what: string, cause?: unknown): DatasetError {
  return new DatasetError('damaged', `${file} is not a whole unit of a dataset: ${what}`, {
    remedy: 'Run the command that made the dataset again: the unit is set aside, and only that item is computed again.',
    cause,
  });
}
