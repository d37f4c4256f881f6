import { mkdtempSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { extractionGraph } from '../../../src/graphs/extraction.ts';
import { graphId } from '../../../src/graphs/graph.ts';
import { network } from '../../../src/graphs/named-network.ts';
import { graphFrom } from '../../../src/graphs/spec/graph-from.ts';
import { type GraphSpec, readSpec } from '../../../src/graphs/spec/graph-spec.ts';
import { importWeights } from '../../../src/graphs/weights/import-weights.ts';
import { writeDataset } from '../../../src/graphs/write-dataset.ts';
import { makeClip } from '../../fixtures/clips.ts';
import { writeStateDict } from '../../fixtures/state-dict.ts';
import { writeTinyAudio, writeTinyVisual } from '../../fixtures/tiny-networks.ts';
import { elsewhere, rowsOf, run } from './elsewhere.ts';

let directory: string;
let clip: string;
let out: string;
let visual: string;
let audio: string;

beforeAll(async () => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'reelflow-spec-')));
  visual = writeTinyVisual(directory);
  audio = writeTinyAudio(directory);
  clip = await makeClip(join(directory, 'heat.mp4'), { seconds: 2 });
});
beforeEach(() => {
  out = mkdtempSync(join(directory, 'out-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('the spec of an extraction', () => {
  const graph = () =>
    extractionGraph({
      visual: network<Uint8Array>(visual),
      audio: network<Float32Array>(audio),
      subclips: [2, 3],
      statistics: ['mean', 'medmad'],
      fps: 5,
      maxDuration: 60,
    });

  it('is kept by the dataset, and gives another process the same graph, and the same rows', async () => {
    const { graphId: id } = await writeDataset(out, clip, { ...run, graph: graph() });
    const spec = await readSpec(out);
    expect(spec).toMatchObject({ kind: 'extraction', id, policy: { maxDuration: 60, allowPartial: false } });
    expect(spec.graph.params).toMatchObject({ sampling: 5, subclips: [2, 3], statistics: ['mean', 'medmad'] });
    expect(JSON.stringify(spec)).not.toContain(directory);
    const copy = join(out, 'copy');
    expect(await elsewhere(spec, { options: { weights: directory }, out: copy, clip, cwd: directory })).toMatchObject({
      graphId: id,
      videos: { committed: 1 },
    });
    const rows = await rowsOf(copy);
    expect(rows).toHaveLength(1);
    expect(rows).toEqual(await rowsOf(out));
    expect(await readSpec(copy)).toEqual(spec);
  });

  it('is refused where the weights are not, saying which, and what to do', async () => {
    const rebuilt = graphFrom(graph().spec, { weights: out });
    await expect(rebuilt).rejects.toMatchObject({
      code: 'weights',
      message: expect.stringMatching(
        /^the weights of tiny-visual with SHA-256 [0-9a-f]{64} were not found: not in .*$/,
      ),
      remedy: expect.stringContaining('`weights:'),
    });
    await expect(graphFrom(graph().spec)).rejects.toThrow('no place was named');
    await expect(graphFrom(graph().spec, { weights: join(directory, 'nowhere') })).rejects.toThrow(
      'there is no file and no directory',
    );
  });

  it.each([
    ['alexnet', { weights: 'random:7' }],
    ['alexnet', { weights: 'random:7', layer: 'fc6', resize: 'stretch', convolutions: 'direct' }],
    ['squeezenet1_1', { weights: 'random:1' }],
  ] as const)('of %s with %j gives the same id', async (name, options) => {
    const made = extractionGraph({ visual: network(name, options) });
    expect((await graphFrom(JSON.parse(JSON.stringify(made.spec)))).spec).toEqual(made.spec);
  });

  it('of a file of weights finds it by its content, in a directory or in the weights store', async () => {
    const place = mkdtempSync(join(directory, 'weights-'));
    const file = join(place, 'mine.safetensors');
    writeStateDict(file, 'squeezenet1_1');
    const made = extractionGraph({ visual: network('squeezenet1_1', { weights: file }) });
    const moved = join(place, 'elsewhere.safetensors');
    renameSync(file, moved);
    const spec: GraphSpec = JSON.parse(JSON.stringify(made.spec));
    expect((await graphFrom(spec, { weights: [directory, place] })).spec.id).toBe(made.spec.id);
    await expect(graphFrom(spec)).rejects.toMatchObject({
      code: 'weights',
      message: expect.stringContaining('not in the weights store'),
      remedy: expect.stringContaining("`importWeights({ name: 'squeezenet1_1' })`"),
    });
    vi.stubEnv('REELFLOW_WEIGHTS_DIR', join(place, 'store'));
    await importWeights({ name: 'squeezenet1_1', file: moved });
    rmSync(moved);
    expect((await graphFrom(spec)).spec.id).toBe(made.spec.id);
    vi.unstubAllEnvs();
  });

  it('of VGGish has what was chosen of it', async () => {
    for (const options of [{ final: 'linear' }, { postprocess: true }, {}] as const) {
      const made = extractionGraph({ audio: network('vggish', { weights: 'random:1', ...options }) });
      expect((await graphFrom(JSON.parse(JSON.stringify(made.spec)))).spec.id).toBe(graphId(made));
    }
  });

  it('of int8 has the ranges that decide its integers', async () => {
    const float = network('squeezenet1_1', { weights: 'random:1' });
    const ranges = Object.fromEntries(float.rangedTensors.map((name, at) => [name, [-at, 0.1 + at] as const]));
    const made = extractionGraph({ visual: float.quantised(ranges) });
    expect(made.spec.id).not.toBe(extractionGraph({ visual: float }).spec.id);
    const rebuilt = await graphFrom(JSON.parse(JSON.stringify(made.spec)));
    expect(rebuilt.spec.id).toBe(made.spec.id);
    expect(rebuilt.trace.networks[0]?.network.precision).toBe('int8');
  });

  it('is refused when this software makes another graph of it, saying what differs', async () => {
    const { spec } = graph();
    const later = { ...spec.graph, version: spec.graph.version + 1 };
    const changed = { ...spec, graph: later, id: graphId(later) };
    await expect(graphFrom(changed, { weights: directory })).rejects.toMatchObject({
      code: 'graph',
      message: expect.stringContaining(`\`graph.version\` was ${later.version} and is now ${spec.graph.version}`),
    });
    const card = { ...(spec as { visual?: { card?: object } }).visual?.card, preprocess: undefined };
    const other = JSON.parse(JSON.stringify({ ...spec, visual: { ...(spec as { visual?: object }).visual, card } }));
    other.visual.card.preprocess = { resize: 'crop', scale: 1, mean: [0, 0, 0], std: [1, 1, 1] };
    await expect(graphFrom(other, { weights: directory })).rejects.toMatchObject({
      code: 'graph',
      message: expect.stringContaining('`visual.card` was'),
    });
  });

  it('is refused when it is none, or says another id than that of what it says', async () => {
    const { spec } = graph();
    const wrong: unknown[] = [
      undefined,
      'alexnet',
      [],
      {},
      { ...spec, kind: 'shell' },
      { ...spec, id: '0'.repeat(16) },
    ];
    for (const value of wrong) {
      await expect(graphFrom(value as GraphSpec)).rejects.toMatchObject({ name: 'UsageError', code: 'spec' });
    }
    const path = { ...spec, visual: { ...(spec as { visual?: object }).visual, weights: '/etc/passwd' } };
    await expect(graphFrom(path as GraphSpec)).rejects.toMatchObject({ code: 'spec' });
  });
});
