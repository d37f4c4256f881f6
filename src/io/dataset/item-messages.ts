import { Block } from 'apache-arrow/fb/block';
import { Buffer as BufferRegion } from 'apache-arrow/fb/buffer';
import { Endianness } from 'apache-arrow/fb/endianness';
import { Field } from 'apache-arrow/fb/field';
import { FieldNode } from 'apache-arrow/fb/field-node';
import { FixedSizeList } from 'apache-arrow/fb/fixed-size-list';
import { FloatingPoint } from 'apache-arrow/fb/floating-point';
import { Footer } from 'apache-arrow/fb/footer';
import { Int } from 'apache-arrow/fb/int';
import { KeyValue } from 'apache-arrow/fb/key-value';
import { Message } from 'apache-arrow/fb/message';
import { MessageHeader } from 'apache-arrow/fb/message-header';
import { MetadataVersion } from 'apache-arrow/fb/metadata-version';
import { Precision } from 'apache-arrow/fb/precision';
import { RecordBatch } from 'apache-arrow/fb/record-batch';
import { Schema } from 'apache-arrow/fb/schema';
import { Type } from 'apache-arrow/fb/type';
import { Utf8 } from 'apache-arrow/fb/utf8';
import { Builder, type Offset } from 'flatbuffers';
import { ALIGNMENT, type BufferPlace, type ItemLayout } from './item-layout.ts';
import type { ItemShape } from './item-shape.ts';

// The Arrow IPC file format (https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format),
// as far as a training store needs it.

/** The magic at the start of the file (padded to 8 bytes) and at its end (unpadded). */
export const MAGIC = 'ARROW1';
/** The end of the stream of messages, before the footer. */
export const END_OF_STREAM = Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
/** Entry of the schema's metadata: the version of this layout. */
export const VERSION_ENTRY = 'reelflow:item-store';
/** Entry of the schema's metadata: the shape of the items, as JSON. */
export const SHAPE_ENTRY = 'reelflow:shape';
/**
 * Entry of the footer's metadata: the ids of the items in the order of their record batches, as
 * JSON.
 */
export const ITEMS_ENTRY = 'reelflow:items';
/** The only version so far. */
export const VERSION = '1';

/**
 * The first message of the file, the schema. Padded to a multiple of 64 bytes, including the magic
 * before it.
 */
export function encodeSchemaMessage(shape: ItemShape, metadata: Readonly<Record<string, string>>): Buffer {
  const builder = new Builder();
  return encapsulate(builder, MessageHeader.Schema, putSchema(builder, shape, metadata), 0, 8);
}

/**
 * The metadata of an item's record batch, which have the same length for all items of a shape.
 * `present` says which streams the item has.
 */
export function encodeBatchMessage(shape: ItemShape, layout: ItemLayout, present: readonly boolean[]): Buffer {
  const { subclips } = shape;
  const { idOffsets, ids, subclip, streams } = layout;
  const none = ({ offset }: BufferPlace): BufferPlace => ({ offset, length: 0 });
  const buffers = [none(idOffsets), idOffsets, ids, none(subclip), subclip];
  const nodes: [rows: number, nulls: number][] = [
    [subclips, 0],
    [subclips, 0],
  ];
  for (const [index, { dimension }] of shape.streams.entries()) {
    const { validity, values } = streams[index] as ItemLayout['streams'][number];
    nodes.push([subclips, present[index] ? 0 : subclips], [subclips * dimension, 0]);
    buffers.push(validity, none(values), values);
  }
  const builder = new Builder();
  // A builder writes backwards.
  RecordBatch.startNodesVector(builder, nodes.length);
  for (const [rows, nulls] of nodes.reverse()) FieldNode.createFieldNode(builder, BigInt(rows), BigInt(nulls));
  const nodesVector = builder.endVector();
  RecordBatch.startBuffersVector(builder, buffers.length);
  for (const { offset, length } of buffers.reverse()) {
    BufferRegion.createBuffer(builder, BigInt(offset), BigInt(length));
  }
  const buffersVector = builder.endVector();
  RecordBatch.startRecordBatch(builder);
  RecordBatch.addLength(builder, BigInt(subclips));
  RecordBatch.addNodes(builder, nodesVector);
  RecordBatch.addBuffers(builder, buffersVector);
  return encapsulate(builder, MessageHeader.RecordBatch, RecordBatch.endRecordBatch(builder), layout.bodyBytes, 0);
}

/**
 * The end of the file: schema, positions of the record batches, ids of the items.
 *
 * @param blocks for each record batch, its offset and the lengths of its metadata and its body.
 */
export function encodeFooter(
  shape: ItemShape,
  metadata: Readonly<Record<string, string>>,
  blocks: ArrayLike<number>,
  itemIds: readonly string[],
): Buffer {
  const builder = new Builder();
  const schema = putSchema(builder, shape, metadata);
  const items = Footer.createCustomMetadataVector(builder, [putEntry(builder, ITEMS_ENTRY, JSON.stringify(itemIds))]);
  Footer.startDictionariesVector(builder, 0);
  const dictionaries = builder.endVector();
  Footer.startRecordBatchesVector(builder, blocks.length / 3);
  for (let at = blocks.length - 3; at >= 0; at -= 3) {
    const [offset, metadataBytes, bodyBytes] = [blocks[at], blocks[at + 1], blocks[at + 2]] as [number, number, number];
    Block.createBlock(builder, BigInt(offset), metadataBytes, BigInt(bodyBytes));
  }
  const batches = builder.endVector();
  Footer.startFooter(builder);
  Footer.addVersion(builder, MetadataVersion.V5);
  Footer.addSchema(builder, schema);
  Footer.addDictionaries(builder, dictionaries);
  Footer.addRecordBatches(builder, batches);
  Footer.addCustomMetadata(builder, items);
  Footer.finishFooterBuffer(builder, Footer.endFooter(builder));
  const footer = builder.asUint8Array();
  const tail = Buffer.alloc(4 + MAGIC.length);
  tail.writeInt32LE(footer.length, 0);
  tail.write(MAGIC, 4, 'latin1');
  return Buffer.concat([END_OF_STREAM, footer, tail]);
}

/**
 * A message as stored in the file: a mark, its length, the message itself, and padding to a
 * multiple of 64 after `lead` bytes.
 */
function encapsulate(builder: Builder, kind: MessageHeader, header: Offset, bodyBytes: number, lead: number): Buffer {
  Message.startMessage(builder);
  Message.addVersion(builder, MetadataVersion.V5);
  Message.addHeaderType(builder, kind);
  Message.addHeader(builder, header);
  Message.addBodyLength(builder, BigInt(bodyBytes));
  Message.finishMessageBuffer(builder, Message.endMessage(builder));
  const message = builder.asUint8Array();
  const length = Math.ceil((lead + 8 + message.length) / ALIGNMENT) * ALIGNMENT - lead;
  const whole = Buffer.alloc(length);
  whole.writeUInt32LE(0xffffffff, 0);
  whole.writeInt32LE(length - 8, 4);
  whole.set(message, 8);
  return whole;
}

function putSchema(builder: Builder, shape: ItemShape, metadata: Readonly<Record<string, string>>): Offset {
  const entries = { [VERSION_ENTRY]: VERSION, [SHAPE_ENTRY]: JSON.stringify(shape), ...metadata };
  const fields = [
    putField(builder, 'item_id', false, Type.Utf8, Utf8.createUtf8(builder)),
    putField(builder, 'subclip', false, Type.Int, Int.createInt(builder, 32, true)),
    ...shape.streams.map(({ name, dimension }) => {
      const single = FloatingPoint.createFloatingPoint(builder, Precision.SINGLE);
      const element = putField(builder, 'element', false, Type.FloatingPoint, single);
      const list = FixedSizeList.createFixedSizeList(builder, dimension);
      return putField(builder, name, true, Type.FixedSizeList, list, [element]);
    }),
  ];
  const fieldsVector = Schema.createFieldsVector(builder, fields);
  const entriesVector = Schema.createCustomMetadataVector(
    builder,
    Object.entries(entries).map(([name, value]) => putEntry(builder, name, value)),
  );
  Schema.startSchema(builder);
  Schema.addEndianness(builder, Endianness.Little);
  Schema.addFields(builder, fieldsVector);
  Schema.addCustomMetadata(builder, entriesVector);
  return Schema.endSchema(builder);
}

function putField(
  builder: Builder,
  name: string,
  nullable: boolean,
  kind: Type,
  type: Offset,
  children: Offset[] = [],
): Offset {
  const nameText = builder.createString(name);
  const childrenVector = Field.createChildrenVector(builder, children);
  Field.startField(builder);
  Field.addName(builder, nameText);
  Field.addNullable(builder, nullable);
  Field.addTypeType(builder, kind);
  Field.addType(builder, type);
  Field.addChildren(builder, childrenVector);
  return Field.endField(builder);
}

function putEntry(builder: Builder, name: string, value: string): Offset {
  return KeyValue.createKeyValue(builder, builder.createString(name), builder.createString(value));
}
