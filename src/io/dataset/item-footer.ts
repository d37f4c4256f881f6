import { MessageHeader } from 'apache-arrow/fb/message-header';
import { Precision } from 'apache-arrow/fb/precision';
import { Type } from 'apache-arrow/fb/type';
import { FlatTable } from '../../core/flat-buffer-reader.ts';
import { type ItemLayout, itemLayout } from './item-layout.ts';
import { ITEMS_ENTRY, SHAPE_ENTRY, VERSION, VERSION_ENTRY } from './item-messages.ts';
import { checkItemShape, type ItemShape } from './item-shape.ts';

/** The metadata of a record batch take about 100 bytes for each stream. */
const MAX_METADATA_BYTES = 2 ** 24;

/** Thrown for a whole Arrow file that is not a training store. */
export class OtherArrowError extends RangeError {}

/** The content of a training store's footer. */
export interface ItemFooter {
  readonly shape: ItemShape;
  /** The entries that its writer was given. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly itemIds: readonly string[];
  /** Where each item's record batch begins in the file. */
  readonly offsets: Float64Array;
  /** Length of the metadata at the start of every record batch. */
  readonly metadataBytes: number;
}

/**
 * Reads an untrusted footer. The record batches must follow each other from the schema to the
 * footer, each with the length that its id and the shape imply; then every read stays inside the
 * file and inside its own item.
 *
 * @param start where the footer begins in the file.
 * @throws RangeError or UsageError, saying what is wrong.
 */
export function decodeItemFooter(bytes: Buffer, start: number): ItemFooter {
  const footer = FlatTable.root(bytes);
  const schema = footer.table(1);
  if (schema === undefined) throw new RangeError('it has no schema');
  const entries = entriesOf(schema.tables(2));
  const version = entries.get(VERSION_ENTRY);
  if (version === undefined) throw new OtherArrowError('it is an Arrow file of another kind');
  if (version !== VERSION) throw new RangeError(`its version is '${version}', and this reader knows '${VERSION}'`);
  const shape = checkItemShape(JSON.parse(entries.get(SHAPE_ENTRY) ?? 'null'));
  checkFields(schema, shape);
  const itemIds = idsOf(entriesOf(footer.tables(4)).get(ITEMS_ENTRY));
  const blocks = footer.integers(3, 3);
  if (blocks.length !== 3 * itemIds.length) {
    throw new RangeError(`it has ${blocks.length / 3} record batches for ${itemIds.length} items`);
  }
  const own = new Set([VERSION_ENTRY, SHAPE_ENTRY]);
  return {
    shape,
    metadata: Object.fromEntries([...entries].filter(([name]) => !own.has(name))),
    itemIds,
    offsets: offsetsOf(blocks, itemIds, shape, start),
    metadataBytes: blocks[1] ?? 0,
  };
}

/**
 * Checks that the metadata of a record batch place its buffers where the layout says.
 *
 * @param bytes the metadata, as stored in the file.
 * @throws RangeError if they do not.
 */
export function checkBatchMessage(bytes: Buffer, shape: ItemShape, layout: ItemLayout): void {
  if (bytes.readUInt32LE(0) !== 0xffffffff || bytes.readInt32LE(4) !== bytes.length - 8) {
    throw new RangeError('its first record batch does not begin with metadata');
  }
  const message = FlatTable.root(bytes.subarray(8));
  const batch = message.table(2);
  if (message.number(1, 1) !== MessageHeader.RecordBatch || batch === undefined) {
    throw new RangeError('its first record batch is something else');
  }
  if (batch.table(3) !== undefined) throw new RangeError('its record batches are compressed');
  const buffers = batch.integers(2, 2);
  const places = [undefined, layout.idOffsets, layout.ids, undefined, layout.subclip];
  for (const { validity, values } of layout.streams) places.push(validity, undefined, values);
  const misplaced = places.findIndex((place, index) => {
    const [offset, length] = [buffers[2 * index], buffers[2 * index + 1]];
    return place === undefined ? length !== 0 : offset !== place.offset || length !== place.length;
  });
  if (buffers.length !== 2 * places.length || batch.long(0) !== shape.subclips || misplaced >= 0) {
    throw new RangeError('its record batches have an unexpected layout');
  }
}

/** Whether the columns are those that the shape implies. */
function checkFields(schema: FlatTable, shape: ItemShape): void {
  const described = schema.tables(1).map((field) => {
    const type = field.number(2, 1);
    const size = type === Type.FixedSizeList ? field.table(3)?.number(0, 4) : 0;
    const children = field.tables(5).map((child) => {
      const precision = child.table(3)?.number(0, 2);
      return [child.number(2, 1), precision];
    });
    return [field.text(0), type, size, children];
  });
  const expected = [
    ['item_id', Type.Utf8, 0, []],
    ['subclip', Type.Int, 0, []],
    ...shape.streams.map(({ name, dimension }) => [
      name,
      Type.FixedSizeList,
      dimension,
      [[Type.FloatingPoint, Precision.SINGLE]],
    ]),
  ];
  if (JSON.stringify(described) !== JSON.stringify(expected)) {
    throw new RangeError('its columns are not those of its shape');
  }
}

function entriesOf(tables: readonly FlatTable[]): Map<string, string> {
  return new Map(tables.map((table) => [table.text(0), table.text(1)]));
}

function idsOf(json: string | undefined): string[] {
  if (json === undefined) throw new RangeError('its footer does not list its items');
  const ids: unknown = JSON.parse(json);
  if (!Array.isArray(ids) || !ids.every((id) => typeof id === 'string' && id !== '')) {
    throw new RangeError('its footer does not list its items by their ids');
  }
  return ids;
}

function offsetsOf(blocks: Float64Array, itemIds: readonly string[], shape: ItemShape, start: number): Float64Array {
  const offsets = new Float64Array(itemIds.length);
  const metadataBytes = blocks[1] ?? 0;
  let end = blocks[0] ?? 0;
  for (const [index, id] of itemIds.entries()) {
    const { bodyBytes } = itemLayout(shape, Buffer.byteLength(id, 'utf8'));
    const block = blocks.subarray(3 * index, 3 * index + 3);
    if (block[0] !== end || block[1] !== metadataBytes || block[2] !== bodyBytes) {
      throw new RangeError(`item '${id}' is not where it must be`);
    }
    offsets[index] = end;
    end += metadataBytes + bodyBytes;
  }
  if (metadataBytes > MAX_METADATA_BYTES) throw new RangeError(`its metadata have ${metadataBytes} bytes`);
  if (end > start) throw new RangeError('its items reach into its footer');
  return offsets;
}
