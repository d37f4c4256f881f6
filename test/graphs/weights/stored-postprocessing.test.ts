import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { chooseNetworks } from '../../../src/graphs/choose-networks.ts';
import { weightsText } from '../../../src/graphs/explain.ts';
import { importWeights } from '../../../src/graphs/weights/import-weights.ts';
import { type StoredWeights, storedWeights } from '../../../src/io/weights-store/weights-store.ts';
import type { UnopenedNetwork } from '../../../src/models/networks/network.ts';
import { floatTensor, writeSafetensors } from '../../../src/models/weights/safetensors.ts';

let files: string;
beforeEach(() => {
  files = mkdtempSync(join(tmpdir(), 'stored-postprocessing-'));
  vi.stubEnv('REELFLOW_WEIGHTS_DIR', join(files, 'models'));
  vi.stubEnv('REELFLOW_CACHE_DIR', join(files, 'cache'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(files, { recursive: true, force: true });
});

const choose = (audioPostprocess: string) =>
  chooseNetworks({ visual: 'none', audio: 'vggish', audioWeights: 'random:1', audioPostprocess }).audio;

it('the stored parameters are those of a file of the same content', async () => {
  expect(() => choose('vggish-pca')).toThrow(
    expect.objectContaining({ code: 'weights', remedy: expect.stringContaining("importWeights({ name: 'vggish-pca'") }),
  );
  const file = join(files, 'pca.safetensors');
  const values = (count: number) => Float32Array.from({ length: count }, (_, index) => Math.sin(index));
  const tensors = {
    pca_eigen_vectors: floatTensor(values(128 * 128), [128, 128]),
    pca_means: floatTensor(values(128), [128, 1]),
  };
  writeFileSync(file, writeSafetensors(tensors));
  await importWeights({ name: 'vggish-pca', file });
  expect(choose('vggish-pca')?.weightsHash).toBe(choose(file)?.weightsHash);

  const { weightsFiles, weightsHash, weightsOrigin } = choose('vggish-pca') as UnopenedNetwork;
  const stored = storedWeights('vggish-pca') as StoredWeights;
  expect(weightsFiles).toEqual([{ role: 'postprocess', sha256: stored.sha256, origin: 'pca.safetensors' }]);
  expect(weightsHash).not.toBe(stored.sha256);
  const planned = { stream: 'audio', name: 'vggish', output: { name: 'postprocessed', dimension: 128 } } as const;
  expect(weightsText({ ...planned, weightsHash, random: true, weightsOrigin, files: weightsFiles })).toBe(
    `RANDOM weights (random:1); post-processing pca.safetensors, SHA-256 ${stored.sha256}; SHA-256 of all together ${weightsHash}`,
  );

  const bytes = readFileSync(stored.path);
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  writeFileSync(stored.path, bytes);
  expect(() => choose('vggish-pca')).toThrow(/'vggish-pca' are damaged/);
});
