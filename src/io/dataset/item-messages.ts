import {
  byte,
  encodeFlatBuffer,
  type FlatNode,
  type FlatTableNode,
  integer,
  long,
  short,
} from '../../core/flat-buffer-writer.ts';
import { ALIGNMENT, type ItemLayout } from './item-layout.ts';
import type { ItemShape } from './item-shape.ts';

// The Arrow IPC file format (https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format), as far as a training store
// needs it. Slots are numbered as in Arrow's Schema.fbs, Message.fbs and File.fbs.

/** What the file begins with, padded to 8 bytes, and ends with, unpadded. */
export const MAGIC = 'ARROW1';
/** Before the footer: the end of the stream of messages. */
export const END_OF_STREAM = Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
/** Entry of the schema's metadata: the version of this layout. */
export const VERSION_ENTRY = 'reelflow:item-store';
/** Entry of the schema's metadata: the shape of the items, as JSON. */
export const SHAPE_ENTRY = 'reelflow:shape';
/** Entry of the footer's metadata: the ids of the items in the order of their record batches, as JSON. */
export const ITEMS_ENTRY = 'reelflow:items';
/** The one version there is. */
export const VERSION = '1';

/** Arrow's numbers for what the format uses. */
export const ARROW = {
  version5: 4,
  schemaMessage: 1,
  recordBatchMessage: 3,
  types: { int: 2, float: 3, utf8: 5, fixedSizeList: 16 },
  singlePrecision: 1,
} as const;

/** The first message of the file: the schema. Fills up to a multiple of 64 bytes, the magic before it included. */
export function encodeSchemaMessage(shape: ItemShape, metadata: Readonly<Record<string, string>>): Buffer {
  const header = schemaTable(shape, metadata);
  return encapsulate(encodeMessage(ARROW.schemaMessage, header, 0), 8);
}

/** The metadata of an item's record batch: of one length for all items of a shape. `present` tells which streams it has. */
export function encodeBatchMessage(shape: ItemShape, layout: ItemLayout, present: readonly boolean[]): Buffer {
  const { subclips } = shape;
  const nodes = [subclips, 0, subclips, 0];
  const buffers = [0, 0, layout.idOffsets.offset, layout.idOffsets.length, layout.ids.offset, layout.ids.length];
  buffers.push(layout.subclip.offset, 0, layout.subclip.offset, layout.subclip.length);
  for (const [index, { dimension }] of shape.streams.entries()) {
    const place = layout.streams[index] as ItemLayout['streams'][number];
    nodes.push(subclips, present[index] ? 0 : subclips, subclips * dimension, 0);
    buffers.push(place.validity.offset, place.validity.length);
    buffers.push(place.values.offset, 0, place.values.offset, place.values.length);
  }
  const header = { slots: [long(subclips), { integers: nodes, width: 2 }, { integers: buffers, width: 2 }] };
  return encapsulate(encodeMessage(ARROW.recordBatchMessage, header, layout.bodyBytes), 0);
}

/**
 * The end of the file: schema, places of the record batches, ids of the items.
 *
 * @param blocks for each record batch its offset, the length of its metadata and that of its body.
 */
export function encodeFooter(
  shape: ItemShape,
  metadata: Readonly<Record<string, string>>,
  blocks: ArrayLike<number>,
  itemIds: readonly string[],
): Buffer {
  const footer = encodeFlatBuffer({
    slots: [
      short(ARROW.version5),
      schemaTable(shape, metadata),
      { integers: [], width: 3 },
      { integers: blocks, width: 3 },
      { tables: [entry(ITEMS_ENTRY, JSON.stringify(itemIds))] },
    ],
  });
  const tail = Buffer.alloc(4 + MAGIC.length);
  tail.writeInt32LE(footer.length, 0);
  tail.write(MAGIC, 4, 'latin1');
  return Buffer.concat([END_OF_STREAM, footer, tail]);
}

function encodeMessage(kind: number, header: FlatTableNode, bodyBytes: number): Buffer {
  return encodeFlatBuffer({ slots: [short(ARROW.version5), byte(kind), header, long(bodyBytes)] });
}

/** A message as it stands in the file: a mark, its length, itself, and padding to a multiple of 64 after `lead` bytes. */
function encapsulate(message: Buffer, lead: number): Buffer {
  const length = Math.ceil((lead + 8 + message.length) / ALIGNMENT) * ALIGNMENT - lead;
  const whole = Buffer.alloc(length);
  whole.writeUInt32LE(0xffffffff, 0);
  whole.writeInt32LE(length - 8, 4);
  message.copy(whole, 8);
  return whole;
}

function schemaTable(shape: ItemShape, metadata: Readonly<Record<string, string>>): FlatTableNode {
  const entries = { [VERSION_ENTRY]: VERSION, [SHAPE_ENTRY]: JSON.stringify(shape), ...metadata };
  const fields = [
    field('item_id', false, ARROW.types.utf8, { slots: [] }),
    field('subclip', false, ARROW.types.int, { slots: [integer(32), byte(1)] }),
    ...shape.streams.map(({ name, dimension }) =>
      field(name, true, ARROW.types.fixedSizeList, { slots: [integer(dimension)] }, [
        field('element', false, ARROW.types.float, { slots: [short(ARROW.singlePrecision)] }),
      ]),
    ),
  ];
  const tables = Object.entries(entries).map(([name, value]) => entry(name, value));
  return { slots: [short(0), { tables: fields }, { tables }] };
}

function field(
  name: string,
  nullable: boolean,
  kind: number,
  type: FlatNode,
  children: readonly FlatTableNode[] = [],
): FlatTableNode {
  return {
    slots: [{ text: name }, byte(nullable ? 1 : 0), byte(kind), type, undefined, { tables: children }],
  };
}

function entry(name: string, value: string): FlatTableNode {
  return { slots: [{ text: name }, { text: value }] };
}
