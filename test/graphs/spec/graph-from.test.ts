import { fork } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { map } from 'rxjs';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { VideoScope } from '../../../src/graphs/dataflow/video-scope.ts';
import { extractionGraph } from '../../../src/graphs/extraction.ts';
import { graphId } from '../../../src/graphs/graph.ts';
import { importModel } from '../../../src/graphs/models/import-model.ts';
import { network } from '../../../src/graphs/named-network.ts';
import { type GraphFromOptions, graphFrom } from '../../../src/graphs/spec/graph-from.ts';
import { type GraphSpec, readSpec } from '../../../src/graphs/spec/graph-spec.ts';
import { writeDataset } from '../../../src/graphs/write-dataset.ts';
import { CommitStore } from '../../../src/io/dataset/commit-store.ts';
import { readDatasetFile } from '../../../src/io/dataset/dataset-file.ts';
import { makeClip } from '../../fixtures/clips.ts';
import { writeStateDict } from '../../fixtures/state-dict.ts';
import { writeTinyAudio, writeTinyVisual } from '../../fixtures/tiny-networks.ts';

const CHILD = resolve(import.meta.dirname, '../../fixtures/graph-child.mjs');
const before = process.cwd();
let directory: string;
let clip: string;
let out: string;
let visual: string;
let audio: string;

const flow = (version: string) => `
import { map } from 'rxjs';
const mean = ({ time, data }) => ({ time, vector: [data.reduce((sum, value) => sum + value, 0) / data.length] });
const gained = (gain) => ({ time, vector: [value] }) => ({ time, vector: [gain * value] });
export const brightness = ({ gain = 1 }) => ({
  version: '${version}',
  columns: (scope) => ({
    brightness: scope.frames({ width: 8, height: 8 }).pipe(map(mean), map(gained(gain)), scope.subclips({ count: 2 })),
  }),
});
export const plain = brightness({});
export const nothing = 4;
export const throws = () => { throw new RangeError('no such gain'); };
`;

beforeAll(async () => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'reelflow-spec-')));
  symlinkSync(resolve('node_modules'), join(directory, 'node_modules'));
  visual = writeTinyVisual(directory);
  audio = writeTinyAudio(directory);
  clip = await makeClip(join(directory, 'heat.mp4'), { seconds: 2 });
  writeFileSync(join(directory, 'package.json'), '{"type":"module"}');
  writeFileSync(join(directory, 'flow.js'), flow('1'));
  mkdirSync(join(directory, 'other'));
  writeFileSync(join(directory, 'other/flow.js'), flow('2'));
  // What a module's path says begins at the working directory.
  process.chdir(directory);
});
beforeEach(() => {
  out = mkdtempSync(join(directory, 'out-'));
});
afterAll(() => {
  process.chdir(before);
  rmSync(directory, { recursive: true, force: true });
});

const run = { memory: '1GiB', device: 'cpu', onMessage: () => {} } as const;

interface Answer {
  readonly graphId?: string;
  readonly videos?: { readonly committed: number };
  readonly code?: string;
  readonly message?: string;
}

/** What another process makes of a spec, which it gets as JSON. */
async function elsewhere(spec: GraphSpec, options: GraphFromOptions, into: string, cwd = directory): Promise<Answer> {
  const child = fork(CHILD, { cwd, env: { ...process.env, NODE_OPTIONS: '' }, execArgv: [] });
  const answered = once(child, 'message');
  child.send({ spec: JSON.parse(JSON.stringify(spec)), options, out: into, clips: [clip] });
  const [answer] = await answered;
  return answer as Answer;
}

/** Units of a dataset by their keys: rows, lengths and values. */
async function rowsOf(dataset: string) {
  const store = await CommitStore.open(dataset);
  const units = [...store.keys()].map(async (key) => {
    const { itemId, start, end, frames, columns } = await store.read(key);
    return { key, itemId, start, end, frames, columns };
  });
  return Promise.all(units);
}

describe('the spec of an extraction', () => {
  const graph = () =>
    extractionGraph({
      visual: network<Uint8Array>(visual),
      audio: network<Float32Array>(audio),
      subclips: [2, 3],
      statistics: ['mean', 'medmad'],
      sampling: 5,
      maxDuration: 60,
    });

  it('is kept by the dataset, and gives another process the same graph, and the same rows', async () => {
    const { graphId: id } = await writeDataset(out, clip, { ...run, graph: graph() });
    const spec = await readSpec(out);
    expect(spec).toMatchObject({ kind: 'extraction', id, policy: { maxDuration: 60, allowPartial: false } });
    expect(spec.graph.params).toMatchObject({ sampling: 5, subclips: [2, 3], statistics: ['mean', 'medmad'] });
    expect(JSON.stringify(spec)).not.toContain(directory);
    const copy = join(out, 'copy');
    expect(await elsewhere(spec, { weights: '.' }, copy)).toMatchObject({ graphId: id, videos: { committed: 1 } });
    const rows = await rowsOf(copy);
    expect(rows).toHaveLength(1);
    expect(rows).toEqual(await rowsOf(out));
    expect(await readSpec(copy)).toEqual(spec);
  });

  it('is refused where the weights are not, saying which, and what to do', async () => {
    const rebuilt = graphFrom(graph().spec, { weights: 'other' });
    await expect(rebuilt).rejects.toMatchObject({
      code: 'weights',
      message: expect.stringMatching(
        /^the weights of tiny-visual with SHA-256 [0-9a-f]{64} were not found: not in other$/,
      ),
      remedy: expect.stringContaining('`weights:'),
    });
    await expect(graphFrom(graph().spec)).rejects.toThrow('no place was named');
    await expect(graphFrom(graph().spec, { weights: 'nowhere' })).rejects.toThrow("no directory 'nowhere'");
  });

  it.each([
    ['alexnet', { weights: 'random:7' }],
    ['alexnet', { weights: 'random:7', layer: 'fc6', resize: 'stretch', convolutions: 'direct' }],
    ['squeezenet1_1', { weights: 'random:1' }],
  ] as const)('of %s with %j gives the same id', async (name, options) => {
    const made = extractionGraph({ visual: network(name, options) });
    expect((await graphFrom(JSON.parse(JSON.stringify(made.spec)))).spec).toEqual(made.spec);
  });

  it('of a file of weights finds it by its content, in a directory or in the model store', async () => {
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
      message: expect.stringContaining('not in the model store'),
      remedy: expect.stringContaining('`reelflow models import squeezenet1_1 FILE`'),
    });
    vi.stubEnv('REELFLOW_MODELS_DIR', join(place, 'store'));
    await importModel({ name: 'squeezenet1_1', file: moved });
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
    await expect(graphFrom(changed, { weights: '.' })).rejects.toMatchObject({
      code: 'graph',
      message: expect.stringContaining(`graph.version is ${later.version} there and ${spec.graph.version} now`),
    });
    const card = { ...(spec as { visual?: { card?: object } }).visual?.card, preprocess: undefined };
    const other = JSON.parse(JSON.stringify({ ...spec, visual: { ...(spec as { visual?: object }).visual, card } }));
    other.visual.card.preprocess = { resize: 'crop', scale: 1, mean: [0, 0, 0], std: [1, 1, 1] };
    await expect(graphFrom(other, { weights: '.' })).rejects.toMatchObject({
      code: 'graph',
      message: expect.stringContaining('visual.card is'),
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

describe('the spec of a dataflow in a module', () => {
  const module = './flow.js#brightness';

  it('gives another process that allows the module the same graph, and the same rows', async () => {
    const { graphId: id } = await writeDataset(out, clip, { ...run, module, params: { gain: 2 } });
    const spec = await readSpec(out);
    expect(spec).toMatchObject({ kind: 'module', id, module, params: { gain: 2 } });
    const copy = join(out, 'copy');
    const answer = await elsewhere(spec, { modules: ['flow.js'] }, copy);
    expect(answer).toMatchObject({ graphId: id, videos: { committed: 1 } });
    const rows = await rowsOf(copy);
    expect(rows).toEqual(await rowsOf(out));
    const brightness = rows[0]?.columns[0]?.values ?? [];
    const plain = mkdtempSync(join(directory, 'plain-'));
    expect((await writeDataset(plain, clip, { ...run, module: 'flow.js#plain' })).graphId).not.toBe(id);
    const half = (await rowsOf(plain))[0]?.columns[0]?.values ?? [];
    expect([...brightness].map((value) => value / 2)).toEqual([...half]);
    expect(half[0]).toBeGreaterThan(50);
  });

  it('is refused where the module gives another version, saying so', async () => {
    await writeDataset(out, clip, { ...run, module, params: { gain: 2 } });
    const answer = await elsewhere(
      await readSpec(out),
      { modules: ['./flow.js'] },
      join(out, 'copy'),
      join(directory, 'other'),
    );
    expect(answer).toMatchObject({
      code: 'graph',
      message: expect.stringContaining(`version is "1" there and "2" now`),
    });
  });

  it('loads nothing that was not allowed by its very path', async () => {
    const trap = join(directory, 'trap.mjs');
    writeFileSync(trap, `globalThis.trapped = true;\n${flow('1')}`);
    await writeDataset(out, clip, { ...run, module });
    const spec = (await readSpec(out)) as GraphSpec & { kind: 'module' };
    await expect(graphFrom(spec)).rejects.toMatchObject({
      code: 'module',
      message: "the module './flow.js' is not allowed here, so it was not loaded",
      remedy: expect.stringContaining("modules: ['./flow.js']"),
    });
    symlinkSync('trap.mjs', join(directory, 'link.mjs'));
    symlinkSync('.', join(directory, 'here'));
    const data = `data:text/javascript,globalThis.trapped=true;export const brightness=1`;
    const refused = [
      ['./trap.mjs#brightness', 'is not allowed here'],
      ['other/../trap.mjs#brightness', "leads out of its directory by '..'"],
      [`${trap}#brightness`, 'is not a relative path'],
      [`${data}.js#brightness`, 'is a URL or a built-in module'],
      ['http://localhost/trap.mjs#brightness', 'is a URL or a built-in module'],
      [`file://${trap}#brightness`, 'is a URL or a built-in module'],
      ['node:child_process#execSync', 'is a URL or a built-in module'],
      ['child_process#execSync', 'is no JavaScript or TypeScript file'],
      ['./trap.mjs', 'names no export'],
      ['./trap.mjs#a b', 'names no export'],
    ] as const;
    for (const [path, why] of refused) {
      const rebuilt = graphFrom({ ...spec, module: path }, { modules: ['./flow.js'] });
      await expect(rebuilt, path).rejects.toMatchObject({ code: 'module', message: expect.stringContaining(why) });
    }
    for (const link of ['./link.mjs', './here/trap.mjs']) {
      const rebuilt = graphFrom({ ...spec, module: `${link}#brightness` }, { modules: [link] });
      await expect(rebuilt, link).rejects.toThrow('is reached through a symbolic link');
    }
    for (const allowed of ['../flow.js', data, trap]) {
      await expect(graphFrom(spec, { modules: [allowed] })).rejects.toMatchObject({ code: 'module' });
    }
    expect(globalThis).not.toHaveProperty('trapped');
    await graphFrom({ ...spec, module: './trap.mjs#brightness' }, { modules: ['./trap.mjs'] });
    expect(globalThis).toHaveProperty('trapped', true);
  });

  it('is refused when there is no such module or export, or it gives no dataflow', async () => {
    const write = (name: string, params?: object) =>
      writeDataset(out, clip, { ...run, module: name, params: params as never });
    await expect(write('./absent.js#a')).rejects.toThrow("the module './absent.js' is not there");
    await expect(write('./flow.js#absent')).rejects.toThrow(
      "exports no 'absent', but brightness, plain, nothing, throws",
    );
    await expect(write('./flow.js#nothing')).rejects.toThrow("exports 'nothing', which gives no dataflow, but 4");
    await expect(write('./flow.js#plain', { gain: 2 })).rejects.toThrow('which takes no `params`');
    await expect(write('./flow.js#throws')).rejects.toMatchObject({
      code: 'module',
      message: expect.stringContaining("threw in 'throws': no such gain"),
      cause: expect.any(RangeError),
    });
    writeFileSync(join(directory, 'broken.js'), 'export const a = ;');
    await expect(write('./broken.js#a')).rejects.toMatchObject({ code: 'module' });
    await expect(write(module, { gain: Number.NaN })).rejects.toThrow('`params.gain` must be JSON, but is NaN');
    await expect(write(module, { gain: () => 1 })).rejects.toThrow('`params.gain` must be JSON, but is a function');
    await expect(write(module, { at: [new Date(0)] })).rejects.toThrow('`params.at[0]` must be JSON, but is a Date');
    const beside = writeDataset(out, clip, { ...run, module, version: '2' } as never);
    await expect(beside).rejects.toThrow('`version` is what the export of `module` gives');
  });
});

describe('the spec of a dataflow written inline', () => {
  const columns = (scope: VideoScope) => ({
    brightness: scope.frames({ width: 8, height: 8 }).pipe(
      map(({ time, data }) => ({ time, vector: [data.reduce((sum, value) => sum + value, 0) / data.length] })),
      map(({ time, vector: [value = 0] }) => ({ time, vector: [value] })),
      scope.subclips({ count: 2 }),
    ),
  });

  it('says so, and is refused with what to do', async () => {
    await writeDataset(out, clip, { ...run, version: '1', columns });
    const spec = await readSpec(out);
    expect(spec.kind).toBe('inline');
    await expect(graphFrom(spec, { modules: ['./flow.js'] })).rejects.toMatchObject({
      code: 'spec',
      message: expect.stringContaining('was written inline'),
      remedy: expect.stringContaining('Move it into a module'),
    });
  });

  it('gives way to that of a module with the same columns, which computes nothing anew', async () => {
    const { graphId: id } = await writeDataset(out, clip, { ...run, version: '1', columns });
    const summary = await writeDataset(out, clip, { ...run, module: './flow.js#plain' });
    expect(summary).toMatchObject({ graphId: id, videos: { committed: 0, alreadyDone: 1 } });
    expect(await readSpec(out)).toMatchObject({ kind: 'module', module: './flow.js#plain' });
    await writeDataset(out, clip, { ...run, version: '1', columns });
    expect((await readSpec(out)).kind).toBe('module');
  });
});

describe('a dataset of an earlier version', () => {
  it('has no spec, and has one after the same run', async () => {
    const module = './flow.js#plain';
    await writeDataset(out, clip, { ...run, module });
    const { spec: _, ...older } = readDatasetFile(out);
    const copy = join(directory, 'older');
    cpSync(out, copy, { recursive: true });
    writeFileSync(join(copy, 'dataset.json'), JSON.stringify(older));
    await expect(readSpec(copy)).rejects.toMatchObject({
      code: 'spec',
      message: expect.stringContaining('has no spec'),
    });
    await writeDataset(copy, clip, { ...run, module });
    expect(await readSpec(copy)).toEqual(await readSpec(out));
    expect(readFileSync(join(copy, 'dataset.json'), 'utf8')).toContain('"spec"');
  });
});
