import { createHash } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { basename } from 'node:path';
import { integerField, messageField, type Pieces, stringField } from '../../core/protobuf-writer.ts';
import { writeAllSync } from '../../core/whole-io.ts';
import type { GraphValue, Initializer, OnnxGraph } from './onnx-graph.ts';

/** Initialisers smaller than this stay inside the model file. */
const inlineBelowBytes = 1024;
/**
 * ONNX Runtime maps an external tensor into memory if its offset is a multiple of the page size; 64
 * KiB suits all systems.
 */
const alignment = 65_536;

/** What was written. */
export interface WrittenModel {
  /** Bytes of the file of tensor values. */
  readonly dataBytes: number;
  /** SHA-256 of the values of all initialisers in order, without padding, as hex. */
  readonly valuesHash: string;
}

function encodeValue(value: GraphValue): Pieces {
  const shape = value.shape?.flatMap((dimension) =>
    messageField(1, typeof dimension === 'string' ? stringField(2, dimension) : integerField(1, dimension)),
  );
  const tensorType = [...integerField(1, value.elementType), ...(shape ? messageField(2, shape) : [])];
  return [...stringField(1, value.name), ...messageField(2, messageField(1, tensorType))];
}

function keyValue(key: string, value: string): Pieces {
  return messageField(13, [...stringField(1, key), ...stringField(2, value)]);
}

function encodeHeader(initializer: Initializer): Pieces {
  return [
    ...initializer.shape.flatMap((dimension) => integerField(1, dimension)),
    ...integerField(2, initializer.elementType),
    ...stringField(8, initializer.name),
  ];
}

function encodeGraph(graph: OnnxGraph, encodedInitializers: readonly Pieces[]): Pieces {
  return [
    ...graph.nodes.flatMap((node) => messageField(1, node.encoded)),
    ...stringField(2, 'reelflow'),
    ...encodedInitializers.flatMap((initializer) => messageField(5, initializer)),
    ...graph.inputs.flatMap((value) => messageField(11, encodeValue(value))),
    ...graph.outputs.flatMap((value) => messageField(12, encodeValue(value))),
  ];
}

/** The encoded model, given its encoded initialisers. */
function encodeStructure(graph: OnnxGraph, encodedInitializers: readonly Pieces[]): Pieces {
  return [
    ...integerField(1, graph.irVersion),
    ...stringField(2, 'reelflow'),
    ...messageField(7, encodeGraph(graph, encodedInitializers)),
    ...Object.entries(graph.opsets).flatMap(([domain, version]) =>
      messageField(8, [...stringField(1, domain), ...integerField(2, version)]),
    ),
    ...graph.functions.flatMap((encoded) => messageField(25, [encoded])),
  ];
}

/**
 * Writes a graph as an ONNX model: `modelPath` holds the structure, `dataPath` (in the same folder)
 * the values of the large tensors, each at an aligned offset so that ONNX Runtime maps them instead
 * of copying them: sessions in one process then share one copy in the page cache. Values are
 * streamed from their generators, so memory stays at one piece whatever the size of the network.
 *
 * @throws the file system's own error if a file cannot be written.
 */
export function writeModel(graph: OnnxGraph, modelPath: string, dataPath: string): WrittenModel {
  const hash = createHash('sha256');
  const location = basename(dataPath);
  const encodedInitializers: Pieces[] = [];
  let position = 0;
  const data = openSync(dataPath, 'wx', 0o600);
  try {
    for (const initializer of graph.initializers) {
      const header = encodeHeader(initializer);
      if (initializer.byteLength < inlineBelowBytes) {
        const bytes = collect(initializer);
        hash.update(bytes);
        encodedInitializers.push([...header, ...messageField(9, [bytes])]);
        continue;
      }
      const offset = Math.ceil(position / alignment) * alignment;
      if (offset > position) writeAllSync(data, new Uint8Array(offset - position));
      position = offset;
      for (const piece of initializer.pieces()) {
        hash.update(piece);
        writeAllSync(data, piece);
        position += piece.byteLength;
      }
      checkLength(initializer, position - offset);
      encodedInitializers.push([
        ...header,
        ...keyValue('location', location),
        ...keyValue('offset', String(offset)),
        ...keyValue('length', String(initializer.byteLength)),
        ...integerField(14, 1),
      ]);
    }
  } finally {
    closeSync(data);
  }
  const encodedModel = encodeStructure(graph, encodedInitializers);
  const model = openSync(modelPath, 'wx', 0o600);
  try {
    writeAllSync(model, Buffer.concat(encodedModel));
  } finally {
    closeSync(model);
  }
  return { dataBytes: position, valuesHash: hash.digest('hex') };
}

/** An ONNX model in memory, constants included: for graphs with small constants. */
export function encodeModel(graph: OnnxGraph): Uint8Array {
  return Buffer.concat(encodeStructure(graph, inlineInitializers(graph)));
}

/** A graph in memory as the value of a node's attribute, constants included. */
export function encodeBody(graph: OnnxGraph): Pieces {
  return encodeGraph(graph, inlineInitializers(graph));
}

function inlineInitializers(graph: OnnxGraph): Pieces[] {
  return graph.initializers.map((initializer) => [
    ...encodeHeader(initializer),
    ...messageField(9, [collect(initializer)]),
  ]);
}

/** All values of a small initialiser in one array. */
export function collect(initializer: Initializer): Uint8Array {
  const bytes = new Uint8Array(initializer.byteLength);
  let filled = 0;
  for (const piece of initializer.pieces()) {
    if (filled + piece.byteLength > bytes.byteLength) checkLength(initializer, filled + piece.byteLength);
    bytes.set(piece, filled);
    filled += piece.byteLength;
  }
  checkLength(initializer, filled);
  return bytes;
}

function checkLength(initializer: Initializer, length: number): void {
  if (length !== initializer.byteLength) {
    throw new RangeError(`initialiser ${initializer.name} gave ${length} bytes instead of ${initializer.byteLength}`);
  }
}
