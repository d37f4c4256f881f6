import { ModelError } from '../../core/errors.ts';
import type { FieldRange } from '../../core/protobuf-reader.ts';
import { looksLikeOnnx, notOnnx } from './looks-like-onnx.ts';
import { constant, type GraphValue, type Initializer, type OnnxGraph, type OnnxNode } from './onnx-graph.ts';
import { ProtobufFile } from './protobuf-file.ts';
import { readTensor } from './read-tensor.ts';
import { sorted } from './sort.ts';

export { insideFolder } from './external-data.ts';

/** Limit on everything except the values of initialisers. */
const structureLimit = 64 * 1024 * 1024;
const nodeLimit = 100_000;
const attributeLimit = 100_000;
/** Maximum nesting of graphs inside graphs. */
const depthLimit = 16;

/**
 * Reads the structure of an ONNX file: nodes, inputs, outputs, and where the values of its
 * initialisers are. The values themselves are read only when they are written elsewhere, piece by
 * piece. All of ONNX's forms for values are supported, including external data inside the model's
 * own folder. `Constant` operations become initialisers, and nodes are sorted so that they can run.
 *
 * @throws ModelError `weights` if the file is missing, broken, not ONNX, or uses an unsupported
 * form.
 */
export function readModel(path: string): OnnxGraph {
  const file = new ProtobufFile(path);
  try {
    return new ModelReader(file).read();
  } finally {
    file.close();
  }
}

/** What belongs to the model, not to one of its graphs. */
type ModelFields = Pick<OnnxGraph, 'opsets' | 'irVersion' | 'functions'>;

interface Attribute {
  readonly name: string;
  readonly integers: readonly number[] | undefined;
  readonly floats: readonly number[];
  readonly body: FieldRange | undefined;
  readonly tensor: FieldRange | undefined;
  readonly hasBodies: boolean;
}

class ModelReader {
  #structureBytes = 0;

  constructor(readonly file: ProtobufFile) {}

  read(): OnnxGraph {
    const { file } = this;
    const start = file.bytes(0, Math.min(file.size, 512), 512);
    if (!looksLikeOnnx(start)) throw notOnnx(file.path, start);
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
    return this.#graph(graphRange, { opsets, irVersion: Math.max(irVersion, 4), functions }, 0);
  }

  #graph(message: FieldRange, model: ModelFields, depth: number): OnnxGraph {
    const { file } = this;
    if (depth > depthLimit) throw file.broken(message.start, `graphs inside graphs, more than ${depthLimit} deep`);
    const nodes: OnnxNode[] = [];
    const initializers: Initializer[] = [];
    const inputs: GraphValue[] = [];
    const outputs: GraphValue[] = [];
    for (const range of file.fields(message.start, message.end, nodeLimit)) {
      if (range.wire !== 2) continue;
      if (range.field === 1) {
        const made = this.#node(range, model, depth);
        if ('operator' in made) nodes.push(made);
        else initializers.push(made);
      } else if (range.field === 5) initializers.push(readTensor(file, range));
      else if (range.field === 11) inputs.push(this.#value(range));
      else if (range.field === 12) outputs.push(this.#value(range));
      else if (range.field === 15)
        throw new ModelError('weights', `${file.path} has sparse initialisers, which are not supported`);
    }
    const constants = new Set(initializers.map((initializer) => initializer.name));
    // Files of ONNX version 3 list their initialisers among the inputs too.
    const own = inputs.filter(({ name }) => depth > 0 || !constants.has(name));
    return { ...model, nodes: sorted(nodes), initializers, inputs: own, outputs };
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

  #node(message: FieldRange, model: ModelFields, depth: number): OnnxNode | Initializer {
    const inputs: string[] = [];
    const outputs: string[] = [];
    const found: Attribute[] = [];
    let operator = '';
    let domain = '';
    for (const range of this.file.fields(message.start, message.end)) {
      if (range.wire !== 2) continue;
      if (range.field === 1) inputs.push(this.file.text(range));
      else if (range.field === 2) outputs.push(this.file.text(range));
      else if (range.field === 4) operator = this.file.text(range);
      else if (range.field === 5) found.push(this.#attribute(range));
      else if (range.field === 7) domain = this.file.text(range);
    }
    const [only] = found;
    if (operator === 'Constant' && ['', 'ai.onnx'].includes(domain) && only && found.length === 1) {
      const made = this.#constant(only, outputs[0] ?? '');
      if (made) return made;
    }
    const attributes: Record<string, readonly number[]> = {};
    const bodies: Record<string, OnnxGraph> = {};
    for (const { name, integers, body } of found) {
      if (integers) attributes[name] = integers;
      if (body) bodies[name] = this.#graph(body, model, depth + 1);
    }
    const hasSubgraph = found.some(({ hasBodies }) => hasBodies);
    const encoded = [this.#structure(message)];
    return { operator, inputs, outputs, attributes, hasSubgraph, encoded, bodies: hasSubgraph ? bodies : undefined };
  }

  /** The value of a `Constant` operation; undefined for a text or sparse one. */
  #constant({ name, tensor, floats, integers }: Attribute, output: string): Initializer | undefined {
    if (name === 'value' && tensor) return readTensor(this.file, tensor, output);
    if (name === 'value_float') return constant(output, [], Float32Array.from(floats));
    if (name === 'value_floats') return constant(output, [floats.length], Float32Array.from(floats));
    if (!integers?.every(Number.isSafeInteger)) return undefined;
    const values = BigInt64Array.from(integers, BigInt);
    if (name === 'value_int') return constant(output, [], values);
    return name === 'value_ints' ? constant(output, [values.length], values) : undefined;
  }

  #attribute(message: FieldRange): Attribute {
    let name = '';
    let hasBodies = false;
    let body: FieldRange | undefined;
    let tensor: FieldRange | undefined;
    const integers: number[] = [];
    const floats: number[] = [];
    for (const range of this.file.fields(message.start, message.end)) {
      const { field, wire } = range;
      if (field === 1 && wire === 2) name = this.file.text(range);
      else if (field === 2 && wire === 5) floats.push(...this.file.floats(range, 1));
      else if (field === 3 && wire === 0) integers.push(...this.file.numbers(range, 1));
      else if (field === 5 && wire === 2) tensor = range;
      else if (field === 7 && (wire === 2 || wire === 5)) floats.push(...this.file.floats(range, attributeLimit));
      else if (field === 8) integers.push(...this.file.numbers(range, attributeLimit));
      else if (field === 6 && wire === 2) body = range;
      hasBodies ||= field === 6 || field === 11;
    }
    return { name, integers: integers.length > 0 ? integers : undefined, floats, body, tensor, hasBodies };
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
}
