import { closeSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { dirname, isAbsolute, resolve, sep } from 'node:path';
import { ModelError } from '../../errors.ts';
import { elementBytes, type GraphNode, type GraphValue, type Initializer, type OnnxGraph } from './graph.ts';
import { looksLikeOnnx } from './looks-like-onnx.ts';
import { type FieldRange, ProtobufFile } from './protobuf.ts';

/** Everything but the values of initialisers must fit in this. */
const structureLimit = 64 * 1024 * 1024;
const nodeLimit = 100_000;
const pieceBytes = 1 << 20;

/**
 * Reads the structure of an ONNX file: nodes, inputs, outputs, and where the values of its initialisers lie. The values themselves are not read
 * before they are written elsewhere, piece by piece. Values in raw bytes, in packed `float_data`, and external data inside the model's own folder are
 * understood.
 *
 * @throws ModelError `weights` when the file is missing, broken, not ONNX, or uses a form that is not supported.
 */
export function readModel(path: string): OnnxGraph {
  const file = new ProtobufFile(path);
  try {
    return new ModelReader(file).read();
  } finally {
    file.close();
  }
}

class ModelReader {
  #structureBytes = 0;

  constructor(readonly file: ProtobufFile) {}

  read(): OnnxGraph {
    const { file } = this;
    if (!looksLikeOnnx(file.bytes(0, Math.min(file.size, 512), 512))) {
      throw new ModelError(
        'weights',
        `${file.path} is not an ONNX model, the one format that is read here: the content decides, not the name`,
        {
          remedy:
            'Export the network as .onnx (torch.onnx.export, tf2onnx); other weight files are for networks known by name.',
        },
      );
    }
    let graphRange: FieldRange | undefined;
    let irVersion = 0;
    const opsets: Record<string, number> = {};
    const functions: Uint8Array[] = [];
    for (const range of file.fields(0, file.size, nodeLimit)) {
      if (range.field === 1 && range.wire === 0) irVersion = Number(range.value);
      else if (range.field === 7 && range.wire === 2) graphRange = range;
      else if (range.field === 8 && range.wire === 2) Object.assign(opsets, this.#opset(range));
      else if (range.field === 25 && range.wire === 2) functions.push(this.#structure(range));
    }
    if (!graphRange || irVersion < 3 || irVersion > 1000) {
      throw new ModelError(
        'weights',
        `${file.path} is not an ONNX model: it has no ${graphRange ? 'ONNX version' : 'graph'}`,
        {
          remedy: 'Give a file exported as .onnx (torch.onnx.export, tf2onnx).',
        },
      );
    }
    const nodes: GraphNode[] = [];
    const initializers: Initializer[] = [];
    const inputs: GraphValue[] = [];
    const outputs: GraphValue[] = [];
    for (const range of file.fields(graphRange.start, graphRange.end, nodeLimit)) {
      if (range.wire !== 2) continue;
      if (range.field === 1) nodes.push(this.#node(range));
      else if (range.field === 5) initializers.push(this.#initializer(range));
      else if (range.field === 11) inputs.push(this.#value(range));
      else if (range.field === 12) outputs.push(this.#value(range));
      else if (range.field === 15)
        throw new ModelError('weights', `${file.path} has sparse initialisers, which are not supported`);
    }
    const constants = new Set(initializers.map((initializer) => initializer.name));
    // Files of ONNX version 3 list their initialisers among the inputs too.
    return {
      nodes,
      initializers,
      inputs: inputs.filter(({ name }) => !constants.has(name)),
      outputs,
      opsets,
      irVersion: Math.max(irVersion, 4),
      functions,
    };
  }

  #structure(range: FieldRange): Uint8Array {
    this.#structureBytes += range.end - range.start;
    if (this.#structureBytes > structureLimit) {
      throw this.file.broken(range.start, `more than ${structureLimit} bytes of structure outside the initialisers`);
    }
    return this.file.bytes(range.start, range.end, structureLimit);
  }

  #opset(message: FieldRange): Record<string, number> {
    let domain = '';
    let version = 0;
    for (const range of this.file.fields(message.start, message.end)) {
      if (range.field === 1 && range.wire === 2) domain = this.file.text(range);
      else if (range.field === 2 && range.wire === 0) version = Number(range.value);
    }
    return { [domain === 'ai.onnx' ? '' : domain]: version };
  }

  #node(message: FieldRange): GraphNode {
    const inputs: string[] = [];
    const outputs: string[] = [];
    const attributes: Record<string, readonly number[]> = {};
    let operator = '';
    let hasSubgraph = false;
    for (const range of this.file.fields(message.start, message.end)) {
      if (range.wire !== 2) continue;
      if (range.field === 1) inputs.push(this.file.text(range));
      else if (range.field === 2) outputs.push(this.file.text(range));
      else if (range.field === 4) operator = this.file.text(range);
      else if (range.field === 5) {
        const attribute = this.#attribute(range);
        if (attribute.integers) attributes[attribute.name] = attribute.integers;
        hasSubgraph ||= attribute.hasSubgraph;
      }
    }
    return { operator, inputs, outputs, attributes, hasSubgraph, encoded: [this.#structure(message)] };
  }

  #attribute(message: FieldRange): { name: string; integers?: number[]; hasSubgraph: boolean } {
    let name = '';
    let hasSubgraph = false;
    const integers: number[] = [];
    for (const range of this.file.fields(message.start, message.end)) {
      if (range.field === 1 && range.wire === 2) name = this.file.text(range);
      else if (range.field === 3 && range.wire === 0) integers.push(Number(BigInt.asIntN(64, range.value)));
      else if (range.field === 8) integers.push(...this.file.integers(range, 4096));
      else if (range.field === 6 || range.field === 11) hasSubgraph = true;
    }
    return integers.length > 0 ? { name, integers, hasSubgraph } : { name, hasSubgraph };
  }

  #value(message: FieldRange): GraphValue {
    let name = '';
    let elementType = 0;
    let shape: (number | string)[] | undefined;
    const inside = (range: FieldRange) => this.file.fields(range.start, range.end, 1000);
    for (const range of this.file.fields(message.start, message.end, 1000)) {
      if (range.wire !== 2) continue;
      if (range.field === 1) name = this.file.text(range);
      if (range.field !== 2) continue;
      for (const type of inside(range)) {
        if (type.field !== 1 || type.wire !== 2) continue;
        for (const tensor of inside(type)) {
          if (tensor.field === 1 && tensor.wire === 0) elementType = Number(tensor.value);
          if (tensor.field === 2 && tensor.wire === 2) shape = [...inside(tensor)].map((item) => this.#dimension(item));
        }
      }
    }
    return shape ? { name, elementType, shape } : { name, elementType };
  }

  #dimension(message: FieldRange): number | string {
    for (const range of this.file.fields(message.start, message.end, 10)) {
      if (range.field === 1 && range.wire === 0 && BigInt.asIntN(64, range.value) > 0n) return Number(range.value);
      if (range.field === 2 && range.wire === 2) return this.file.text(range) || '?';
    }
    return '?';
  }

  #initializer(message: FieldRange): Initializer {
    const { file } = this;
    const shape: number[] = [];
    const external: Record<string, string> = {};
    let name = '';
    let elementType = 0;
    let values: FieldRange | undefined;
    let otherValues = false;
    let isExternal = false;
    for (const range of file.fields(message.start, message.end)) {
      if (range.field === 1) shape.push(...file.integers(range));
      else if (range.field === 2 && range.wire === 0) elementType = Number(range.value);
      else if (range.field === 8 && range.wire === 2) name = file.text(range);
      else if ((range.field === 9 || range.field === 4) && range.wire === 2 && !values) values = range;
      else if (range.field === 13 && range.wire === 2) Object.assign(external, this.#entry(range));
      else if (range.field === 14 && range.wire === 0) isExternal = range.value === 1n;
      else if ([3, 4, 5, 6, 7, 9, 10, 11].includes(range.field)) otherValues = true;
    }
    const width = elementBytes[elementType];
    if (width === undefined) throw file.broken(message.start, `initialiser ${name} of element type ${elementType}`);
    if (shape.some((size) => size < 0))
      throw file.broken(message.start, `initialiser ${name} with a negative dimension`);
    const byteLength = shape.reduce((product, size) => product * size, width);
    if (isExternal) return this.#external(message, { name, shape, elementType, byteLength }, external);
    if (otherValues && !values) {
      // Integers as protobuf varints: small in every network we know, and their bytes are not the values' bytes.
      return this.#varints(message, { name, shape, elementType, byteLength });
    }
    if ((values ? values.end - values.start : 0) !== byteLength || otherValues) {
      throw file.broken(
        message.start,
        `initialiser ${name} with values of ${values ? values.end - values.start : 0} bytes where its shape [${shape}] needs ${byteLength}`,
      );
    }
    const start = values?.start ?? 0;
    return { name, shape, elementType, byteLength, pieces: () => filePieces(file.path, start, byteLength) };
  }

  #varints(message: FieldRange, tensor: Omit<Initializer, 'pieces'>): Initializer {
    const field = { 6: 5, 7: 7 }[tensor.elementType];
    if (field === undefined) {
      throw new ModelError(
        'weights',
        `initialiser ${tensor.name} of ${this.file.path} stores element type ${tensor.elementType} in a form that is not supported`,
        {
          remedy: 'Save the model again with raw tensor data (onnx.save does).',
        },
      );
    }
    const values: number[] = [];
    for (const range of this.file.fields(message.start, message.end)) {
      if (range.field === field) values.push(...this.file.integers(range, 1_000_000));
    }
    const bytes =
      tensor.elementType === 6
        ? new Uint8Array(Int32Array.from(values).buffer)
        : new Uint8Array(BigInt64Array.from(values, (value) => BigInt(value)).buffer);
    if (bytes.byteLength !== tensor.byteLength) {
      throw this.file.broken(
        message.start,
        `initialiser ${tensor.name} with ${values.length} values where its shape is [${tensor.shape}]`,
      );
    }
    return { ...tensor, pieces: () => [bytes] };
  }

  #entry(message: FieldRange): Record<string, string> {
    let key = '';
    let value = '';
    for (const range of this.file.fields(message.start, message.end, 10)) {
      if (range.field === 1 && range.wire === 2) key = this.file.text(range);
      else if (range.field === 2 && range.wire === 2) value = this.file.text(range);
    }
    return { [key]: value };
  }

  #external(message: FieldRange, tensor: Omit<Initializer, 'pieces'>, entries: Record<string, string>): Initializer {
    const { location = '' } = entries;
    const path = insideFolder(dirname(this.file.path), location);
    if (path === undefined) {
      throw new ModelError(
        'weights',
        `${this.file.path} keeps initialiser ${tensor.name} in '${location}', which is not a file inside its own folder`,
        {
          remedy: 'Keep the external data of a model beside it.',
        },
      );
    }
    const start = Number(entries.offset ?? 0);
    const length = Number(entries.length ?? tensor.byteLength);
    if (
      !Number.isSafeInteger(start) ||
      start < 0 ||
      length !== tensor.byteLength ||
      start + length > statSync(path).size
    ) {
      throw this.file.broken(
        message.start,
        `initialiser ${tensor.name} at bytes ${entries.offset} + ${entries.length} of '${location}', which do not fit it`,
      );
    }
    return { ...tensor, pieces: () => filePieces(path, start, tensor.byteLength) };
  }
}

/** The real path of `name` inside `folder`, or undefined when it is missing or leads out of the folder (also through a link). */
export function insideFolder(folder: string, name: string): string | undefined {
  if (name.length === 0 || isAbsolute(name)) return undefined;
  try {
    const root = realpathSync(folder);
    const path = realpathSync(resolve(root, name));
    return path.startsWith(root.endsWith(sep) ? root : root + sep) && statSync(path).isFile() ? path : undefined;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP', 'ENAMETOOLONG'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return undefined;
    throw error;
  }
}

function* filePieces(path: string, start: number, length: number): Generator<Uint8Array> {
  const descriptor = openSync(path, 'r');
  try {
    const buffer = new Uint8Array(Math.min(pieceBytes, length));
    for (let position = 0; position < length; ) {
      const count = readSync(descriptor, buffer, 0, Math.min(buffer.byteLength, length - position), start + position);
      if (count === 0) throw new ModelError('weights', `${path} became shorter while it was read`);
      yield buffer.subarray(0, count);
      position += count;
    }
  } finally {
    closeSync(descriptor);
  }
}
