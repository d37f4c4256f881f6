import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  difference,
  expectedAt,
  hasTorchvision,
  reference,
  referenceInput,
  vectorsAt,
} from '../../../bench/torchvision.ts';
import { temporaryFolder } from './helpers.ts';

interface Vectors {
  readonly networks: Record<
    string,
    Record<string, { length: number; norm: number; largest: number; stride: number; values: number[] }>
  >;
}

const vectors = JSON.parse(readFileSync(new URL('torchvision-vectors.json', import.meta.url), 'utf8')) as Vectors;

/**
 * What of each network is compared here; bench/networks.ts compares all of it. Half and parts keep
 * the files small.
 */
const compared = [
  { name: 'alexnet', only: ':half:features', layers: ['features.0', 'features.2', 'features.12'] },
  { name: 'vgg16', only: ':half:features', layers: ['features.1', 'features.16'] },
  { name: 'resnet50', only: ':half', layers: ['conv1', 'layer1.0.downsample.1', 'layer2.3', 'fc'] },
  { name: 'squeezenet1_0', only: '', layers: ['features.3.squeeze_activation', 'features.12', 'pool', 'classifier.3'] },
  { name: 'squeezenet1_1', only: '', layers: ['features.2', 'pool', 'classifier.3'] },
  { name: 'vggish', only: ':half:features', layers: ['features.2'] },
];

const isThere = hasTorchvision();

describe.skipIf(!isThere)(
  `networks beside torchvision${isThere ? '' : ' (skipped: no python3 has torch, torchvision and numpy)'}`,
  () => {
    const folder = temporaryFolder();
    beforeAll(() => void reference('state-dicts', folder, ...compared.map(({ name, only }) => name + only)));

    for (const { name, layers } of compared) {
      describe(name, () => {
        it('has the same input', () => {
          const input = referenceInput(name);
          const written = readFileSync(join(folder, `${name}.input.bin`));
          expect(Buffer.from(input.buffer, input.byteOffset, input.byteLength).equals(written)).toBe(true);
        });

        it.each(layers)('gives what torchvision gives at %s with the same state dict', async (layer) => {
          const given = await vectorsAt(folder, name, layer, join(folder, `${name}.pth`));
          const { relative, cosine } = difference(given, expectedAt(folder, name, layer));
          expect(relative).toBeLessThan(1e-4);
          expect(cosine).toBeGreaterThan(0.999999);
        });
      });
    }
  },
);

describe('networks with random:1 beside vectors that torchvision made with the same weights', () => {
  const folder = temporaryFolder();
  for (const [name, layers] of Object.entries(vectors.networks)) {
    it.each(Object.entries(layers))(`${name} at %s`, async (layer, expected) => {
      const given = await vectorsAt(folder, name, layer, 'random:1');
      const row = given.subarray(0, given.length / 2);
      expect(row).toHaveLength(expected.length);
      const norm = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
      expect(Math.abs(norm / expected.norm - 1)).toBeLessThan(1e-5);
      for (const [index, value] of expected.values.entries())
        expect(Math.abs((row[index * expected.stride] as number) - value) / expected.largest).toBeLessThan(1e-4);
    });
  }
});
