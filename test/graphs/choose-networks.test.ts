import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chooseNetworks } from '../../src/graphs/choose-networks.ts';
import { addWeights } from '../../src/io/weights-store/add-weights.ts';
import { stageFile } from '../../src/io/weights-store/stage-file.ts';
import { storedWeights } from '../../src/io/weights-store/weights-store.ts';
import { wantedTensors } from '../../src/models/networks/architecture.ts';
import { network, type UnopenedNetwork } from '../../src/models/networks/network.ts';
import { namedNetwork } from '../../src/models/networks/network-registry.ts';
import { collect } from '../../src/models/onnx/write.ts';
import { randomTensor } from '../../src/models/weights/random-weights.ts';
import { writeSafetensors } from '../../src/models/weights/safetensors.ts';

const folder = mkdtempSync(join(tmpdir(), 'reelflow-choice-'));
const weights = join(folder, 'squeezenet.safetensors');
const environment = { ...process.env };

beforeAll(() => {
  process.env.REELFLOW_WEIGHTS_DIR = join(folder, 'models');
  process.env.REELFLOW_CACHE_DIR = join(folder, 'cache');
  const named = namedNetwork('squeezenet1_1');
  if (!named) throw new Error('squeezenet1_1 is missing');
  const tensors = wantedTensors(named.architecture).map(({ name, shape, role }) => {
    return [name, { type: 'F32', shape, bytes: collect(randomTensor(1, name, shape, role)) }] as const;
  });
  writeFileSync(weights, writeSafetensors(Object.fromEntries(tensors)));
});
afterAll(() => {
  process.env = environment;
  rmSync(folder, { recursive: true });
});

describe('the choice of networks', () => {
  it('has random weights when nothing else is known', () => {
    const { visual, audio, says } = chooseNetworks({ visual: 'squeezenet1_1' });
    expect(visual).toMatchObject({ random: true, weightsOrigin: 'random:1', dimension: 512 });
    expect(audio).toMatchObject({ random: true, name: 'vggish' });
    expect(says).toEqual([]);
  });

  it('takes a file for the one network that needs weights, or for the network that it is given for', () => {
    const alone = chooseNetworks({ visual: 'squeezenet1_1', audio: 'none', weights });
    expect(alone.visual).toMatchObject({ random: false, weightsOrigin: weights });
    const own = chooseNetworks({ visual: 'squeezenet1_1', visualWeights: weights, weights: 'random:2' });
    expect(own.visual).toMatchObject({ random: false, weightsHash: alone.visual?.weightsHash });
    expect(own.audio).toMatchObject({ random: true, weightsOrigin: 'random:2' });
    expect(() => chooseNetworks({ visual: 'squeezenet1_1', weights })).toThrow(
      /two networks need weights: squeezenet1_1 and vggish/,
    );
  });

  it('ends the visual network at a layer, by name or alias', () => {
    const choice = { visual: 'alexnet', audio: 'none', layer: 'fc6' };
    expect(chooseNetworks(choice).visual?.card.output).toEqual({ name: 'fc6', dimension: 4096 });
    expect(() => chooseNetworks({ ...choice, layer: 'fc9' })).toThrow(/no layer 'fc9'/);
  });

  it('takes a network in place of its name', () => {
    const own = network('squeezenet1_1', { weights: 'random:7' });
    const { visual, audio } = chooseNetworks({ visual: own, audio: 'none' });
    expect(visual).toBe(own);
    expect(audio).toBeUndefined();
    const sound = network('vggish', { weights: 'random:1' }) as UnopenedNetwork;
    expect(() => chooseNetworks({ visual: sound as never })).toThrow(
      "`visual` must be a network for visual, but 'vggish'",
    );
    expect(() => chooseNetworks({ visual: own, audio: 'none', layer: 'fc6' })).toThrow('chosen by its name');
    expect(() => chooseNetworks({ visual: {} as never })).toThrow('`visual` must be');
  });

  it('refuses options that belong to no network', () => {
    expect(() => chooseNetworks({ visual: 'none', layer: 'fc6' })).toThrow(/`layer` is for the visual network/);
    expect(() => chooseNetworks({ audio: 'none', audioWeights: weights })).toThrow(
      /`audioWeights` is for the audio network/,
    );
    expect(() => chooseNetworks({ audio: 'card.json', audioPostprocess: 'pca.npz' })).toThrow(/for vggish/);
  });

  it('prefers the weights store to random weights, and says so', async () => {
    await addWeights('squeezenet1_1', await stageFile(weights), { origin: 'squeezenet.safetensors' });
    const { visual, says } = chooseNetworks({ visual: 'squeezenet1_1', audio: 'none' });
    expect(visual?.random).toBe(false);
    expect(says).toEqual([
      `squeezenet1_1: stored weights (squeezenet.safetensors, SHA-256 ${visual?.weightsHash.slice(0, 12)}).`,
    ]);
    const asked = chooseNetworks({ visual: 'squeezenet1_1', audio: 'none', weights: 'random:1' });
    expect(asked).toMatchObject({ visual: { random: true }, says: [] });
  });

  it('names every file by its own hash and by where it came from', async () => {
    const origin = 'https://example.org/squeezenet.safetensors';
    await addWeights('squeezenet1_1', await stageFile(weights), { origin, licence: 'MIT', replace: true });
    const stored = chooseNetworks({ visual: 'squeezenet1_1', audio: 'none' });
    const sha256 = stored.visual?.weightsHash;
    expect(stored.visual?.weightsFiles).toEqual([{ role: 'weights', sha256, origin, licence: 'MIT' }]);
    const given = chooseNetworks({ visual: 'squeezenet1_1', audio: 'none', weights });
    expect(given.visual?.weightsFiles).toEqual([{ role: 'weights', sha256, origin: 'squeezenet.safetensors' }]);
  });

  it('refuses a stored file of which one byte has changed, with the remedy, and a file of another hash than its name states', async () => {
    const stored = storedWeights('squeezenet1_1')?.path ?? '';
    const bytes = readFileSync(stored);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    writeFileSync(stored, bytes);
    expect(() => chooseNetworks({ visual: 'squeezenet1_1', audio: 'none' })).toThrow(
      expect.objectContaining({
        code: 'weights',
        message: expect.stringMatching(/damaged: .* has SHA-256/),
        remedy: expect.stringContaining("importWeights({ name: 'squeezenet1_1', file: 'FILE', replace: true })"),
      }),
    );
    const named = join(folder, 'squeezenet1_1-b8a52dc0.safetensors');
    copyFileSync(weights, named);
    const choice = { visual: 'squeezenet1_1', audio: 'none', visualWeights: named };
    expect(() => chooseNetworks(choice)).toThrow(expect.objectContaining({ code: 'hash' }));
  });
});
