import { rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { extract } from '../../../src/graphs/extract.ts';
import { extractionGraph } from '../../../src/graphs/extraction.ts';
import { graphId } from '../../../src/graphs/graph.ts';
import { listCorpus } from '../../../src/graphs/inputs.ts';
import { placeNetworks } from '../../../src/graphs/placement.ts';
import { calibrationPath, keepCalibration, readCalibration } from '../../../src/graphs/precision/calibration-file.ts';
import { choosePrecision, explainPrecision } from '../../../src/graphs/precision/choose-precision.ts';
import { networkFrom, networkSpec } from '../../../src/graphs/spec/network-spec.ts';
import { network } from '../../../src/models/networks/network.ts';
import { computeApart } from '../../../src/models/onnx/rehearse.ts';
import { makeClip } from '../../fixtures/clips.ts';
import { writeTinyVisual } from '../../fixtures/tiny-networks.ts';

/** A card that no machine has. */
const absent = { device: 'cuda', numbers: [99] } as const;

let directory: string;
let clip: string;
let card: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'reelflow-float16-'));
  clip = await makeClip(join(directory, 'clip.mp4'), { seconds: 1 });
  card = writeTinyVisual(directory);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const plan = () => network<Uint8Array>(card);
const chosen = () => ({ visual: plan(), audio: undefined, says: [] });

async function choose(folder: string | undefined, more: object = {}) {
  const said: string[] = [];
  const setting = { device: absent, directory: folder, say: (sentence: string) => void said.push(sentence) };
  const corpus = await listCorpus({ inputs: [clip] });
  return { found: await choosePrecision(chosen(), corpus, { precision: 'float16', ...setting, ...more }), said };
}

async function measured(name: string, mean: number): Promise<string> {
  const folder = join(directory, name);
  const { cardHash, weightsHash } = plan();
  await keepCalibration(folder, plan(), {
    ...{ precision: 'float16', cardHash, weightsHash, ranges: {} },
    ...{ frames: { ranging: 0, heldOut: 60 }, items: [{ item: 'a', frames: 60 }], cosine: { mean, least: 0.9 } },
  });
  return folder;
}

describe('float16', () => {
  it('is refused on the CPU, with what to do, before anything is decoded', async () => {
    const refusal = { code: 'usage', option: 'precision', remedy: expect.stringContaining("`precision: 'float32'`") };
    const onCpu = { inputs: [clip], out: join(directory, 'out'), visual: card, audio: 'none', device: 'cpu' };
    await expect(extract({ ...onCpu, precision: 'float16' })).rejects.toMatchObject(refusal);
    await expect(placeNetworks([plan().float16()], { device: 'cpu', numbers: [0] }, {})).rejects.toMatchObject(refusal);
    // WebGPU has one session in a process.
    const both = [plan(), plan().float16()];
    await expect(placeNetworks(both, { device: 'webgpu', numbers: [0] }, {})).rejects.toMatchObject(refusal);
    const [placed] = (await placeNetworks([plan().float16()], { device: 'webgpu', numbers: [0] }, {})).networks;
    expect(placed).toMatchObject({ device: 'webgpu' });
  });

  it('is refused where the device cannot run it, saying why', async () => {
    await expect(choose(undefined)).rejects.toMatchObject({ code: 'usage', option: 'precision' });
    await expect(choose(undefined, { memory: '60MiB' })).rejects.toMatchObject({ code: 'memory-too-small' });
  });

  it('is taken where the measured similarity to float32 is at least 0.999, and continued by what was measured', async () => {
    const { found, said } = await choose(await measured('close', 0.9991));
    expect(found.visual).toMatchObject({ precision: 'float16' });
    expect(said.join()).toMatch(/cosine similarity to float32 0.99910 on average.*\(measured by an earlier run\)/);
    const far = await measured('far', 0.9989);
    await expect(choose(far)).rejects.toMatchObject({ code: 'precision', remedy: /`forcePrecision: true`/ });
    const forced = await choose(far, { forcePrecision: true });
    expect(forced.said.join()).toContain('FORCED');
    await expect(choose(far, { precision: 'int8' })).rejects.toThrow(/not made with `precision: 'int8'`/);
    writeFileSync(calibrationPath(far), '{}');
    expect(() => readCalibration(far, plan(), 'float16')).toThrow(/damaged/);
  });

  it('is part of the id of a graph, known before anything is measured, and of its spec', () => {
    const explained = explainPrecision(chosen(), { precision: 'float16', directory: undefined });
    expect(explained).toMatchObject({ isCalibrated: false, isIdentified: true });
    const { visual } = explained.networks;
    const ids = [plan(), visual].map((each) => graphId(extractionGraph({ visual: each as ReturnType<typeof plan> })));
    expect(new Set(ids).size).toBe(2);
    const random = network('squeezenet1_1', { weights: 'random:1' }).float16();
    expect(networkFrom(networkSpec(random), []).precision).toBe('float16');
  });

  it('is compared in a process of its own, which gives the vectors of a session here', async () => {
    const half = plan().float16();
    const rows = Array.from({ length: 5 }, (_, seed) =>
      Uint8Array.from({ length: half.inputLength }, (_, index) => (index * 31 + seed * 1009) & 255),
    );
    const onCpu = {
      ...half.rehearsed({ device: 'webgpu', batch: 2 }),
      places: [{ device: 'cpu', number: 0 }],
    } as const;
    const opened = await half.open({ batch: 2 });
    const expected = [];
    for (const row of rows) expected.push(...(await opened.embed([row])));
    await opened.close();
    const apart = await computeApart(onCpu, rows);
    expect(apart).toEqual({ vectors: expected });
  });
});
