import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MemoryGuard } from '../../../src/graphs/memory-guard.ts';
import { processTreeMemory } from '../../../src/io/media/process-memory.ts';
import { network } from '../../../src/models/networks/network.ts';
import {
  type AttributeValue,
  constant,
  type Initializer,
  node,
  type OnnxNode,
} from '../../../src/models/onnx/onnx-graph.ts';
import { writeModel } from '../../../src/models/onnx/write.ts';
import { temporaryFolder } from './helpers.ts';

const folder = temporaryFolder();
const cacheDirectory = join(folder, 'cache');
const side = 64;
const mebibyte = 1024 * 1024;

/**
 * Writes a network from pixels [N, 3, 64, 64], named x, to the mean of each channel of `wide`, with
 * its card.
 */
function write(
  name: string,
  nodes: readonly OnnxNode[],
  initializers: readonly Initializer[],
  channels: number,
): string {
  writeModel(
    {
      nodes: [...nodes, node('GlobalAveragePool', ['wide'], ['y'])],
      initializers,
      inputs: [{ name: 'x', elementType: 1, shape: ['N', 3, side, side] }],
      outputs: [{ name: 'y', elementType: 1 }],
      opsets: { '': 17 },
      irVersion: 8,
      functions: [],
    },
    join(folder, `${name}.onnx`),
    join(folder, `${name}.data`),
  );
  const card = {
    ...{ name, modality: 'visual', file: `${name}.onnx` },
    input: { kind: 'frames', width: side, height: side, layout: 'NCHW' },
    preprocess: { scale: 1 / 255, mean: [0, 0, 0], std: [1, 1, 1] },
    output: { name: 'y', dimension: channels },
  };
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(card));
  return join(folder, `${name}.json`);
}

const integers = (...values: number[]) => constant('k', [values.length], BigInt64Array.from(values, BigInt));
const filter = (...shape: number[]) =>
  constant('k', shape, new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(0.01));

/** Ways to make 3 MiB of float32 per row from the 48 KiB of a picture. */
const widening: Record<string, [string, Initializer, number, Record<string, AttributeValue>?]> = {
  Resize: ['Resize', constant('k', [4], Float32Array.of(1, 1, 8, 8)), 3],
  ConvTranspose: ['ConvTranspose', filter(3, 3, 8, 8), 3, { strides: [8, 8] }],
  Pad: ['Pad', integers(0, 0, 224, 224, 0, 0, 224, 224), 3],
  Tile: ['Tile', integers(1, 1, 8, 8), 3],
  Expand: ['Expand', integers(64, 1, 3, 64, 64), 192],
};

describe('the memory of a network', () => {
  it.each(Object.entries(widening))(
    'counts what %s makes of a small picture',
    (name, [operator, given, channels, attributes]) => {
      const inputs = operator === 'Resize' ? ['x', '', 'k'] : ['x', 'k'];
      const nodes = [node(operator, inputs, ['arranged'], attributes), node('Reshape', ['arranged', 'to'], ['wide'])];
      const to = constant('to', [4], BigInt64Array.of(1n, BigInt(channels), -1n, 1n));
      const plan = network(write(name, nodes, [given, to], channels), { cacheDirectory });
      const [few, many] = [1, 9].map((batch) => plan.memory({ batch }).resident) as [number, number];
      expect(many - few).toBeGreaterThan(8 * 3 * mebibyte);
      expect(many - few).toBeLessThan(8 * 3 * 3 * mebibyte);
    },
  );

  it('of operations that nobody knows is measured, and not told before', async () => {
    // Sequences have no shape: 16 copies of the picture, 8 times as wide and high, are 192 MiB for
    // each row.
    const copies = Array(16).fill('large');
    const nodes = [
      node('Tile', ['x', 'k'], ['large']),
      node('SequenceConstruct', copies, ['sequence']),
      node('ConcatFromSequence', ['sequence'], ['wide'], { axis: 1 }),
    ];
    const plan = network(write('sequence', nodes, [integers(1, 1, 8, 8)], 48), { cacheDirectory });
    expect(() => plan.memory()).toThrow(/the memory that sequence needs cannot be inferred/);
    if (existsSync('/proc/self/smaps_rollup')) {
      const limit = processTreeMemory().bytes + 20 * mebibyte;
      await expect(plan.measure(new MemoryGuard(limit))).rejects.toMatchObject({ code: 'memory-too-small' });
      expect(() => plan.memory()).toThrow(/the memory that sequence needs cannot be inferred/);
    }
    await plan.measure(new MemoryGuard(processTreeMemory().bytes + 4096 * mebibyte));
    const { resident } = plan.memory({ batch: 1 });
    const wide = 48 * 512 * 512 * 4;
    expect(resident).toBeGreaterThan(wide);
    // The copies, what is made of them, and the allocator's rounding.
    expect(resident).toBeLessThan(10 * wide);
    expect(plan.memory({ batch: 2 }).resident - resident).toBeGreaterThan(wide);
  });

  it('of a network that cannot be run is refused when it is measured', async () => {
    const nodes = [node('Mystery', ['x'], ['wide'])];
    const plan = network(write('mystery', nodes, [], 3), { cacheDirectory });
    await expect(plan.measure()).rejects.toMatchObject({
      code: 'session',
      message: expect.stringMatching(/mystery could not be run to measure its memory and output: .*Mystery/s),
    });
  });
});
