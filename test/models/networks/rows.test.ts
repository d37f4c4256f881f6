import { describe, expect, it } from 'vitest';
import { minRows } from '../../../src/models/networks/min-rows.ts';
import { network, type UnopenedNetwork } from '../../../src/models/networks/network.ts';
import { prefixed } from '../../../src/models/networks/preprocess.ts';
import { node } from '../../../src/models/onnx/onnx-graph.ts';
import { smallNetwork, temporaryFolder, uniform } from './helpers.ts';

const cacheDirectory = temporaryFolder();
const options = { weights: 'random:1', cacheDirectory };

/** Bits of vectors, to compare. */
const bits = (vectors: readonly Float32Array[]) => vectors.map((vector) => Buffer.from(vector.slice().buffer));

/**
 * The bits of all rows, computed in batches of so many; of batches below the size the last may be
 * smaller.
 */
async function computed<T extends Uint8Array | Float32Array>(
  plan: UnopenedNetwork<T>,
  rows: readonly T[],
  batch: number,
  threads = 1,
): Promise<Buffer[]> {
  const network = await plan.open({ batch, threads });
  const all: Buffer[] = [];
  for (let start = 0; start < rows.length; start += batch) {
    all.push(...bits(await network.embed(rows.slice(start, start + batch))));
  }
  await network.close();
  return all;
}

describe("a row's bits", () => {
  const random = uniform(11);
  const pictures = Array.from({ length: 18 }, () => Uint8Array.from({ length: 150_528 }, () => 256 * random()));

  it('do not depend on the number of rows that run together, nor on its place among them: alexnet', async () => {
    const opened = await network('alexnet', options).open({ batch: pictures.length });
    const expected = bits(await opened.embed(pictures));
    for (const rows of [1, 2, 3, 8, 9, 17]) {
      for (const start of [0, pictures.length - rows]) {
        const vectors = bits(await opened.embed(pictures.slice(start, start + rows)));
        expect(vectors, `${rows} rows from ${start}`).toEqual(expected.slice(start, start + rows));
      }
    }
    await opened.close();
  });

  it('do not depend on the largest batch or the number of threads: alexnet', async () => {
    const some = pictures.slice(0, 6);
    const expected = await computed(network('alexnet', options), some, 6);
    for (const [batch, threads] of [
      [1, 1],
      [5, 1],
      [5, 2],
    ] as const) {
      expect(await computed(network('alexnet', options), some, batch, threads)).toEqual(expected);
    }
  });

  it('do not depend on the batch in a session of one thread: vggish', async () => {
    const sound = Array.from({ length: 5 }, () => Float32Array.from({ length: 15_600 }, () => 2 * random() - 1));
    const expected = await computed(network('vggish', options), sound, 5);
    for (const batch of [1, 4]) expect(await computed(network('vggish', options), sound, batch)).toEqual(expected);
  });
});

describe('minRows', () => {
  it('is two where rows are multiplied with one matrix, but not for the spectrum in front of a network', () => {
    const graph = smallNetwork();
    expect(minRows(graph)).toBe(1);
    const leastWith = (added: ReturnType<typeof node>) => minRows({ ...graph, nodes: [...graph.nodes, added] });
    expect(leastWith(node('Gemm', ['mean', 'matrix'], ['dense']))).toBe(2);
    expect(leastWith(node('MatMul', ['mean', 'matrix'], ['dense']))).toBe(2);
    expect(leastWith(node('MatMul', ['samples', 'waves'], [prefixed('sum')]))).toBe(1);
    expect(leastWith({ ...node('If', ['mean'], ['either']), hasSubgraph: true })).toBe(2);
  });
});
