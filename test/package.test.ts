import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeClip } from './fixtures/clips.ts';
import { writeTinyVisual } from './fixtures/tiny-networks.ts';

const execute = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'reelflow-package-'));
const tools = join(folder, 'tools');
/** Why what other programs are tried with is not there. */
let noTools: string | undefined;

const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  exports: Record<string, unknown>;
};
const entries = Object.keys(exports)
  .filter((key) => key !== './package.json')
  .map((key) => key.replace('.', 'reelflow'));

async function install(cwd: string, ...packages: readonly string[]): Promise<void> {
  await execute('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', ...packages], {
    cwd,
    env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' },
  });
}

/** A program in the folder of a project that uses reelflow. */
async function run(program: string, ...args: readonly string[]): Promise<string> {
  return (await execute(program, args, { cwd: folder })).stdout;
}

beforeAll(async () => {
  await execute('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: root });
  const [tarball] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  writeFileSync(join(folder, 'package.json'), '{ "name": "user", "private": true, "type": "module" }');
  await install(folder, `./${tarball}`);
  mkdirSync(tools);
  writeFileSync(join(tools, 'package.json'), '{ "name": "tools", "private": true }');
  try {
    await install(tools, 'typescript@5.9', 'bun@1.4', 'deno@2.9');
  } catch (error) {
    noTools = `Bun, Deno and TypeScript 5.9 cannot be installed: ${(error as Error).message}`;
  }
  await makeClip(join(folder, 'clip.mp4'), { seconds: 10, width: 64, height: 48 });
  writeTinyVisual(folder);
  writeFileSync(join(folder, 'extract.js'), program);
  for (const [name, source] of Object.entries(sources)) writeFileSync(join(folder, name), source);
}, 1_200_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Decodes, runs a network and a function of its own, and keeps the unit in an SQLite file. */
const program = `
import { network, writeDataset } from 'reelflow';
import { map } from 'rxjs';

const visual = network('tiny-visual.json');
const mean = ({ time, data }) => ({ time, vector: [data.reduce((sum, value) => sum + value, 0) / data.length] });
const { videos, dead } = await writeDataset(process.argv[2], 'clip.mp4', {
  version: '1',
  memory: '400MiB',
  cache: process.argv[2] + '.sqlite',
  columns: (scope) => {
    const frames = scope.frames({ width: 32, height: 32, resize: 'stretch' });
    const halves = scope.subclips({ count: 2, statistic: 'mean' });
    return { visual: frames.pipe(scope.embed(visual), halves), brightness: frames.pipe(map(mean), halves) };
  },
});
console.log(JSON.stringify({ ...videos, letters: dead }));
`;

const imports = entries.map((entry, index) => `import * as entry${index} from '${entry}';`).join('\n');
const source = `${imports}
import { type Frame, frames, type Scope, type Video, video } from 'reelflow';
import { map, type Observable } from 'rxjs';

function mean({ data }: Frame): number {
  return data.reduce((sum, value) => sum + value, 0) / data.length;
}

export async function* brightness(path: string): AsyncGenerator<number> {
  for await (const frame of video(path).frames({ fps: 1 })) yield mean(frame);
}

/** RxJS is the same here and there. */
export function means(of: Video, scope: Scope): Observable<number> {
  return frames(of, { scope, width: 32, height: 32 }).pipe(map(mean));
}

// @ts-expect-error: a number is not a path, so that types are not \`any\`.
video(1);

export const all: readonly object[] = [${entries.map((_, index) => `entry${index}`).join(', ')}];
`;
const sources = { 'module.mts': source, 'common.cts': source, 'bundled.ts': source };

/** The units of a dataset by their paths, as text. */
function units(dataset: string): Record<string, string> {
  const at = join(folder, dataset, '_units');
  const files = (readdirSync(at, { recursive: true }) as string[]).filter((file) => file.endsWith('.arrow'));
  return Object.fromEntries(files.map((file) => [file, readFileSync(join(at, file), 'base64')]));
}

it('the packed tarball installs into an empty folder and brings a working decoder and runtime with it', async () => {
  const installed = readdirSync(join(folder, 'node_modules', 'reelflow', 'dist')).sort();
  expect(installed).toEqual(['bin', 'examples', 'src']);

  // With nothing on the PATH, the decoder that came along is used.
  const bare = { ...process.env, PATH: folder, REELFLOW_FFMPEG: '', REELFLOW_FFPROBE: '' };
  const command = join(folder, 'node_modules', 'reelflow', 'dist', 'bin', 'reelflow.js');
  const { stdout } = await execute(process.execPath, [command, 'doctor', '--json'], { cwd: folder, env: bare });
  const { findings } = JSON.parse(stdout) as { findings: { what: string; ok: boolean }[] };
  expect(findings.filter(({ ok }) => !ok)).toEqual([]);
});

it('nothing of what is installed is compiled from source', () => {
  const files = readdirSync(join(folder, 'node_modules'), { recursive: true }) as string[];
  expect(files.filter((file) => /(^|\/)(binding\.gyp|CMakeLists\.txt|Cargo\.toml)$/.test(file))).toEqual([]);
});

it('every entry point is imported and required, with the same names', async () => {
  const names = (load: string) => `
    (async () => {
      const names = {};
      for (const entry of ${JSON.stringify(entries)}) {
        names[entry] = Object.keys(${load}).filter((name) => name !== 'default').sort();
      }
      console.log(JSON.stringify(names));
    })();`;
  const namesOf = async (type: string, load: string): Promise<Record<string, string[]>> =>
    JSON.parse(await run(process.execPath, `--input-type=${type}`, '--eval', names(load)));
  const imported = await namesOf('module', 'await import(entry)');
  expect(Object.keys(imported)).toEqual(entries);
  for (const entry of entries) expect(imported[entry]?.length, entry).toBeGreaterThan(0);
  expect(await namesOf('commonjs', 'require(entry)')).toEqual(imported);
});

it('a project that has RxJS 7.5.7 has one copy of it', async () => {
  await install(folder, 'rxjs@7.5.7');
  const copies = (readdirSync(join(folder, 'node_modules'), { recursive: true }) as string[]).filter((file) =>
    /(^|\/)node_modules\/rxjs\/package\.json$|^rxjs\/package\.json$/.test(file),
  );
  expect(copies).toEqual(['rxjs/package.json']);
  expect(JSON.parse(readFileSync(join(folder, 'node_modules', 'rxjs', 'package.json'), 'utf8')).version).toBe('7.5.7');
  const summary = await run(process.execPath, 'extract.js', 'node');
  expect(JSON.parse(summary), summary).toMatchObject({ committed: 1, dead: 0 });
});

// The declarations themselves are checked under each resolution by TypeScript 7, which is quick,
// and under one by 5.9, which takes 20 s of CPU for it.
it.for([
  ['5.9', 'node16', ['module.mts'], 'with the declarations'],
  ['5.9', 'nodenext', ['module.mts', 'common.cts'], 'by them'],
  ['5.9', 'bundler', ['bundled.ts'], 'by them'],
  ['7.0', 'node16', ['module.mts'], 'with the declarations'],
  ['7.0', 'nodenext', ['module.mts', 'common.cts'], 'with the declarations'],
  ['7.0', 'bundler', ['bundled.ts'], 'with the declarations'],
] as const)(
  'TypeScript %s compiles strictly against every entry point, with the resolution %s: %j, %s',
  async ([version, resolution, files, checked], { skip }) => {
    if (noTools !== undefined && version === '5.9') skip(noTools);
    const compiler = join(version === '5.9' ? tools : root, 'node_modules', 'typescript', 'bin', 'tsc');
    expect(await run(process.execPath, compiler, '--version')).toContain(`Version ${version}`);
    const module = resolution === 'bundler' ? 'preserve' : resolution;
    const settings = [
      '--noEmit',
      '--strict',
      '--exactOptionalPropertyTypes',
      '--target',
      'es2022',
      '--skipLibCheck',
      String(checked === 'by them'),
    ];
    const args = [compiler, ...settings, '--module', module, '--moduleResolution', resolution, ...files];
    const output = await run(process.execPath, ...args).catch(({ stdout }: { stdout: string }) => stdout);
    expect(output).toBe('');
  },
);

it.for([
  ['Bun', 'bun', []],
  ['Deno', 'deno', ['run', '--allow-all']],
] as const)(
  '%s runs a dataflow with a network and a cache, without a complaint, into the units that Node makes',
  async ([, name, args], { skip }) => {
    if (noTools !== undefined) skip(noTools);
    const command = join(tools, 'node_modules', '.bin', name);
    const { stdout, stderr } = await execute(command, [...args, 'extract.js', name], { cwd: folder });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout), stdout).toMatchObject({ committed: 1, dead: 0 });
    await run(process.execPath, 'extract.js', `node-beside-${name}`);
    expect(units(name)).toEqual(units(`node-beside-${name}`));
  },
);
