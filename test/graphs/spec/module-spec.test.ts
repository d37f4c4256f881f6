import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { map } from 'rxjs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { VideoScope } from '../../../src/graphs/dataflow/video-scope.ts';
import { graphFrom } from '../../../src/graphs/spec/graph-from.ts';
import { type GraphSpec, readSpec } from '../../../src/graphs/spec/graph-spec.ts';
import { writeDataset } from '../../../src/graphs/write-dataset.ts';
import { readDatasetFile } from '../../../src/io/dataset/dataset-file.ts';
import { makeClip } from '../../fixtures/clips.ts';
import { elsewhere, rowsOf, run } from './elsewhere.ts';

const before = process.cwd();
let directory: string;
let clip: string;
let out: string;

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

describe('the spec of a dataflow in a module', () => {
  const module = './flow.js#brightness';

  it('gives another process that allows the module the same graph, and the same rows', async () => {
    const { graphId: id } = await writeDataset(out, clip, { ...run, module, params: { gain: 2 } });
    const spec = await readSpec(out);
    expect(spec).toMatchObject({ kind: 'module', id, module, params: { gain: 2 } });
    const copy = join(out, 'copy');
    const answer = await elsewhere(spec, { options: { modules: ['flow.js'] }, out: copy, clip, cwd: directory });
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
    const answer = await elsewhere(await readSpec(out), {
      options: { modules: ['./flow.js'] },
      out: join(out, 'copy'),
      clip,
      cwd: join(directory, 'other'),
    });
    expect(answer).toMatchObject({
      code: 'graph',
      message: expect.stringContaining('version` was "1" and is now "2"'),
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
      ['child_process#execSync', 'is not a JavaScript or TypeScript file'],
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
    await expect(write('./absent.js#a')).rejects.toThrow("the module './absent.js' does not exist");
    await expect(write('./flow.js#absent')).rejects.toThrow(
      "exports no 'absent', but brightness, plain, nothing, throws",
    );
    await expect(write('./flow.js#nothing')).rejects.toThrow("exports 'nothing', which is not a dataflow, but 4");
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
    await expect(beside).rejects.toThrow('`version` is set by the export of `module`');
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

  it('gives way to that of a module with the same columns, which computes nothing again', async () => {
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
    writeFileSync(join(copy, '_dataset.json'), JSON.stringify(older));
    await expect(readSpec(copy)).rejects.toMatchObject({
      code: 'spec',
      message: expect.stringContaining('has no spec'),
    });
    await writeDataset(copy, clip, { ...run, module });
    expect(await readSpec(copy)).toEqual(await readSpec(out));
    expect(readFileSync(join(copy, '_dataset.json'), 'utf8')).toContain('"spec"');
  });
});
