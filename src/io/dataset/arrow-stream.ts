import { type RecordBatch, Table, tableToIPC } from 'apache-arrow';
import { UsageError } from '../../core/errors.ts';
import { recordBatch, vectorColumn } from './batch-columns.ts';
import { type ColumnShape, columnName, compareColumns, type UnitTable } from './schema.ts';
import { wholeUnitColumns } from './unit-columns.ts';

/** A message of a stream starts with a mark and the length of its head, four bytes each. */
const PREFIX_BYTES = 8;
const MARK_BYTES = 4;
/** After the mark, a head of length 0, which ends a stream. */
const END_BYTES = 4;

/**
 * Units as an Arrow IPC stream: `start`, then a record batch for each unit, then `end`. The rows
 * are those of a unit's file: item_id utf8; subclips, subclip int32; seconds float64 between them,
 * if any cut has a fixed length; start, end float64 (s); frames, patches int32; partial bool; then
 * a nullable fixed_size_list<float32>[dimension] for each stream and statistic, `visual_mean`,
 * `audio_medmad`, ... Uncompressed; equal units give equal bytes.
 *
 * The mark that starts every message is sent with the message before it: apache-arrow's reader only
 * returns a batch when a byte after it has arrived, which would otherwise be after the next video.
 * Readers treat a stream that is cut off after a unit as an error.
 *
 * @example
 * const encoder = new UnitStreamEncoder([{ stream: 'visual', statistic: 'mean', dimension: 4096 }]);
 * process.stdout.write(encoder.start);
 */
export class UnitStreamEncoder {
  /** The schema's message, and the mark of the next one. */
  readonly start: Uint8Array;
  /** The bytes that end the stream, after the mark. */
  readonly end: Uint8Array = new Uint8Array(END_BYTES);
  readonly #columns: readonly ColumnShape[];
  readonly #metadata: Map<string, string>;
  readonly #hasSeconds: boolean;

  /**
   * @param metadata entries of the schema: how the units were made
   * @param cut.hasSeconds whether any cut has a fixed length
   */
  constructor(
    columns: readonly ColumnShape[],
    metadata: Readonly<Record<string, string>> = {},
    { hasSeconds = false }: { readonly hasSeconds?: boolean | undefined } = {},
  ) {
    this.#hasSeconds = hasSeconds;
    this.#columns = [...columns].sort(compareColumns);
    this.#metadata = new Map(Object.entries(metadata));
    const bytes = encode(this.#batchOf(EMPTY));
    this.start = bytes.slice(0, headLength(bytes) + MARK_BYTES);
  }

  /**
   * A unit's record batch as a message, without its own mark but with that of the next message.
   * @throws UsageError when the unit has a column that the schema lacks.
   */
  batch(unit: UnitTable): Uint8Array {
    for (const { stream, statistic, dimension } of unit.columns) {
      const known = this.#columns.some(
        (column) => column.stream === stream && column.statistic === statistic && column.dimension === dimension,
      );
      if (!known) {
        throw new UsageError(
          `'${unit.itemId}' has a column '${stream}_${statistic}' of ${dimension} values, which the stream's schema does not have`,
        );
      }
    }
    const bytes = encode(this.#batchOf(unit));
    return bytes.subarray(headLength(bytes) + MARK_BYTES, bytes.length - END_BYTES);
  }

  #batchOf(unit: UnitTable): RecordBatch {
    const vectors = this.#columns.map((shape) => {
      const { stream, statistic, dimension } = shape;
      const column = unit.columns.find((each) => each.stream === stream && each.statistic === statistic) ?? {
        dimension,
        values: new Float32Array(unit.length * dimension),
        valid: new Uint8Array(unit.length),
      };
      const metadata = new Map([
        ['stream', stream],
        ['statistic', statistic],
      ]);
      return vectorColumn(columnName(shape), column, metadata);
    });
    const seconds = this.#hasSeconds ? (unit.seconds ?? new Float64Array(unit.length)) : undefined;
    return recordBatch([...wholeUnitColumns({ ...unit, seconds }), ...vectors], unit.length, this.#metadata);
  }
}

const EMPTY: UnitTable = {
  itemId: '',
  length: 0,
  subclips: new Int32Array(0),
  subclip: new Int32Array(0),
  start: new Float64Array(0),
  end: new Float64Array(0),
  frames: new Int32Array(0),
  patches: new Int32Array(0),
  columns: [],
  metadata: {},
};

/**
 * A whole stream of one batch: the schema, which is the same every time, the batch, and the end.
 */
function encode(batch: RecordBatch): Uint8Array {
  return tableToIPC(new Table(batch.schema, [batch]), 'stream');
}

/** Length of a stream's first message, the schema's, which has no body. */
function headLength(bytes: Uint8Array): number {
  return PREFIX_BYTES + new DataView(bytes.buffer, bytes.byteOffset).getInt32(4, true);
}
