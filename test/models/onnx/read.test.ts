import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ModelError } from '../../../src/core/errors.ts';
import { constant, type OnnxGraph } from '../../../src/models/onnx/onnx-graph.ts';
import { insideFolder, readModel } from '../../../src/models/onnx/read.ts';
import { writeModel } from '../../../src/models/onnx/write.ts';
import { smallNetwork, temporaryFolder, uniform, valuesOf } from '../networks/helpers.ts';

const folder = temporaryFolder();

/** A network with one large tensor (external data) beside small ones (inside the file). */
function graphWithLargeTensor(): OnnxGraph {
  const graph = smallNetwork();
  const random = uniform(9);
  return {
    ...graph,
    initializers: [...graph.initializers, constant('large', [100, 30], Float32Array.from({ length: 3000 }, random))],
  };
}

describe('a model that was written', () => {
  it('is read back the same: nodes, values, inputs and outputs', () => {
    const graph = graphWithLargeTensor();
    const path = join(folder, 'round.onnx');
    const written = writeModel(graph, path, join(folder, 'round.data'));
    expect(written.dataBytes).toBe(12_000);
    const back = readModel(path);
    expect(
      back.nodes.map(({ operator, inputs, outputs, attributes }) => ({ operator, inputs, outputs, attributes })),
    ).toEqual(
      graph.nodes.map(({ operator, inputs, outputs, attributes }) => ({ operator, inputs, outputs, attributes })),
    );
    expect(back.inputs).toEqual(graph.inputs);
    expect(back.outputs).toEqual(graph.outputs);
    expect(back.opsets).toEqual(graph.opsets);
    expect(back.initializers.map(({ name, shape }) => ({ name, shape }))).toEqual(
      graph.initializers.map(({ name, shape }) => ({ name, shape })),
    );
    for (const [index, initializer] of graph.initializers.entries()) {
      expect(valuesOf(back.initializers[index] as typeof initializer)).toEqual(valuesOf(initializer));
    }
  });

  it('has the same hash of its values wherever they lie', () => {
    const first = writeModel(graphWithLargeTensor(), join(folder, 'a.onnx'), join(folder, 'a.data'));
    const second = writeModel(readModel(join(folder, 'a.onnx')), join(folder, 'b.onnx'), join(folder, 'b.data'));
    expect(second.valuesHash).toBe(first.valuesHash);
  });
});

describe('a hostile ONNX file', () => {
  const whole = () => {
    const path = join(folder, 'whole.onnx');
    try {
      return readFileSync(path);
    } catch {
      writeModel(graphWithLargeTensor(), path, join(folder, 'whole.data'));
      return readFileSync(path);
    }
  };
  const target = join(folder, 'hostile.onnx');
  /** Reads all that a user of the file would. */
  const readAll = () => {
    for (const initializer of readModel(target).initializers) valuesOf(initializer);
  };
  const endsTyped = () => {
    try {
      readAll();
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
    }
  };

  it('of random bytes gives a typed error or a graph, never another failure', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        writeFileSync(target, bytes);
        endsTyped();
      }),
      { numRuns: 400 },
    );
  });

  it('with changed bytes or a cut end gives a typed error or a graph, never another failure', () => {
    const bytes = whole();
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { maxLength: 6 }),
        fc.nat(bytes.length),
        (changes, length) => {
          const copy = Uint8Array.from(bytes);
          for (const [position, value] of changes) copy[position] = value;
          writeFileSync(target, copy.subarray(0, length));
          endsTyped();
        },
      ),
      { numRuns: 400 },
    );
  });

  it.each([
    ['a length beyond its end', [0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f], /a field of 4294967295 bytes where 0 are left/],
    ['an endless integer', [0x08, ...Array(12).fill(0xff)], /more than 10 bytes/],
    ['text', [...Buffer.from('not a model at all')], /not a valid ONNX file|not an ONNX model/],
    ['text whose first letter could begin a model', [...Buffer.from('root:x:0:0:root:/root')], /not an ONNX model/],
    ['an archive', [...Buffer.from('PK\x03\x04\x14')], /not an ONNX model/],
    ['nothing', [], /not an ONNX model/],
  ])('with %s is refused, saying so', (_, bytes, message) => {
    writeFileSync(target, Uint8Array.from(bytes));
    expect(readAll).toThrow(ModelError);
    expect(readAll).toThrow(message);
  });

  it('that is missing or a folder is refused', () => {
    expect(() => readModel(join(folder, 'none.onnx'))).toThrow(ModelError);
    expect(() => readModel(folder)).toThrow(ModelError);
  });
});

describe('a path inside a folder', () => {
  it('is found; one that leads out, also through a link, is not', () => {
    const inner = join(folder, 'inner');
    mkdirSync(inner);
    writeFileSync(join(inner, 'file'), 'x');
    writeFileSync(join(folder, 'outside'), 'x');
    symlinkSync(join(folder, 'outside'), join(inner, 'link'));
    expect(insideFolder(inner, 'file')).toBeDefined();
    for (const name of ['../outside', 'link', join(inner, 'file'), 'none', '', '.', '..', 'a\0b'])
      expect(insideFolder(inner, name)).toBeUndefined();
  });
});
