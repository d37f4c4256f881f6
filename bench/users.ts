/**
 * Three users' scripts in an empty folder, from the packed tarball: `node users.js REPOSITORY
 * [PYTHON]`. A data engineer's nights, including those of cron, an engineer's five own dataflows
 * (three of the package's examples, two written here), a researcher's own recommender and vectors.
 * For each step it prints the exit code, wall and CPU seconds (including processes that it
 * started), how many lines it printed, and the lines that a person would read. PYTHON: one that has
 * pandas, pyarrow, duckdb, polars, fastparquet and dask, to read the directories of the datasets
 * directly.
 */
import { execFileSync, spawn } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { loadavg, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { makeClip } from '../test/fixtures/clips.ts';
import { plantedFiles } from '../test/fixtures/planted-files.ts';
import { writeTinyVisual } from '../test/fixtures/tiny-networks.ts';

const [root = '.', python] = process.argv.slice(2);
// The runtime's own download, of GPU libraries, is not needed here.
const install = 'env ONNXRUNTIME_NODE_INSTALL=skip npm install --no-audit --no-fund --prefer-offline';
const folder = mkdtempSync(join(tmpdir(), 'reelflow-users-'));
const at = (...names: string[]) => join(folder, ...names);
/** Lines of a step that are shown. */
const SHOWN = 9;

interface Step {
  readonly code: number | null;
  readonly lines: readonly string[];
}

/** User and system seconds of this process and of all processes that it has waited for. */
function cpuSeconds(): number {
  const text = execFileSync('cat', [`/proc/${process.pid}/stat`], { encoding: 'latin1' });
  const fields = text.split(') ')[1]?.split(' ') ?? [];
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks) / 100, 0);
}

/** Runs a line of shell; `until`: SIGINT is sent when the line has printed that. */
async function shell(line: string, until?: string): Promise<Step> {
  const child = spawn(`exec ${line}`, { cwd: folder, shell: '/bin/bash', stdio: ['ignore', 'pipe', 'pipe'] });
  let [text, isStopped] = ['', false];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      // Only once: a second interrupt would stop at once what is being finished.
      if (until !== undefined && !isStopped && text.includes(until)) isStopped = child.kill('SIGINT');
    });
  }
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, lines: text.split('\n').filter((each) => each.trim() !== '') };
}

async function step(what: string, run: () => Promise<Step | readonly Step[]>, shown = /./): Promise<void> {
  const [started, cpu] = [performance.now(), cpuSeconds()];
  const done = [await run()].flat();
  const wall = ((performance.now() - started) / 1000).toFixed(1);
  const codes = done.map(({ code }) => code).join(' and ');
  const lines = done.flatMap((each) => each.lines);
  process.stdout.write(
    `${what}: exit ${codes}, ${wall} s, ${(cpuSeconds() - cpu).toFixed(1)} s CPU, ${lines.length} lines\n`,
  );
  for (const line of lines.filter((each) => shown.test(each)).slice(0, SHOWN)) process.stdout.write(`    ${line}\n`);
}

const reelflow = 'node_modules/.bin/reelflow';
const network = '--visual squeezenet1_1 --weights random:1 --audio none --fps 2 --subclips 2';
const extract = `${reelflow} extract clips/ --out features/ ${network}`;

async function clips(): Promise<void> {
  mkdirSync(at('clips'));
  for (const [index, name] of ['alien', 'bambi', 'heat', 'jaws', 'rear', 'vertigo'].entries()) {
    await makeClip(at('clips', `${name}.mp4`), { width: 96 + 16 * index, height: 64, fps: 10, seconds: 3 });
  }
}

async function engineersNights(): Promise<void> {
  await step('explain', () => shell(`${reelflow} explain clips/ ${network}`), /corpus|time|disk/);
  await step(
    'extract, Ctrl-C in the middle',
    () => shell(`${extract} --concurrency 2 --progress ndjson`, '"type":"committed"'),
    /^interrupted/,
  );
  await step('the same command again', () => shell(extract), /committed|done/);
  await makeClip(at('clips', 'new.mp4'), { width: 80, height: 64, fps: 10, seconds: 2 });
  renameSync(at('clips', 'heat.mp4'), at('clips', 'heat-1995.mp4'));
  copyFileSync(at('clips', 'new.mp4'), at('clips', 'jaws.mp4'));
  rmSync(at('clips', 'bambi.mp4'));
  await step('added, renamed, replaced, deleted', () => shell(extract), /committed|input|renamed|new|bambi|heat/);
  await step('extract --dry-run', () => shell(`${extract} --dry-run`), /already|corpus|nothing/);
  await step('prune --dry-run', () => shell(`${reelflow} prune features/ --dry-run`));
  await step('prune', () => shell(`${reelflow} prune features/`));
  await step('reduce --dry-run', () => shell(`${reelflow} reduce features/ --out reduced/ --components 4 --dry-run`));
  await step('reduce', () => shell(`${reelflow} reduce features/ --out reduced/ --components 4`));
  await makeClip(at('clips', 'psycho.mp4'), { width: 112, height: 64, fps: 10, seconds: 2 });
  await step('one more film', () => shell(extract), /committed|new/);
  await step('reduce the second night', () => shell(`${reelflow} reduce features/ --out reduced/`), /new|there|rows/);
  await step('status of the reduced dataset', () => shell(`${reelflow} status reduced/ --format csv`));
  const other = extract.replace('features/', 'shared/');
  await step('two runs at once', () => Promise.all([shell(other), shell(other)]), /committed/);
  await nights();
  if (python === undefined) return;
  const readers = {
    pandas: (path: string) => `import pandas; print(pandas.read_parquet('${path}').shape)`,
    pyarrow: (path: string) =>
      `import pyarrow.dataset as d; print(d.dataset('${path}', partitioning='hive').to_table().shape)`,
    duckdb: (path: string) =>
      `import duckdb; print(duckdb.sql("FROM read_parquet('${path}**/*.parquet', hive_partitioning=true)").shape)`,
    fastparquet: (path: string) => `import pandas; print(pandas.read_parquet('${path}', engine='fastparquet').shape)`,
    dask: (path: string) => `import dask.dataframe as d; print(d.read_parquet('${path}').compute().shape)`,
    polars: (path: string) => `import polars; print(polars.scan_parquet('${path}**/*.parquet').collect().shape)`,
  };
  for (const path of ['features/', 'reduced/']) {
    for (const [name, code] of Object.entries(readers)) {
      await step(`${name} on ${path}`, () => shell(`${python} -c ${JSON.stringify(code(path))} 2>&1 | tail -1`));
    }
  }
}

/** A line of cron on several nights, as cron runs it; what it prints is the mail. */
async function nights(): Promise<void> {
  writeTinyVisual(folder);
  const line = `cd ${folder} && ${reelflow} extract clips/ --out nightly/ --visual tiny-visual.json --audio none --fps 2 --subclips 2 --quiet`;
  const path = `${dirname(process.execPath)}:/usr/bin:/bin`;
  const night = (what: string) =>
    step(`a night of cron, ${what}`, () =>
      shell(`env -i HOME=${folder} LOGNAME=user SHELL=/bin/sh PATH=${path} /bin/sh -c ${JSON.stringify(line)}`),
    );
  await night('the first');
  await night('nothing new');
  writeFileSync(at('clips', 'cut.mp4'), readFileSync(at('clips', 'alien.mp4')).subarray(0, 3000));
  await night('a damaged film more');
  rmSync(at('clips', 'cut.mp4'));
  rmSync(at('clips', 'rear.mp4'));
  await night('two films less');
  await step('prune', () => shell(`${reelflow} prune nightly/ --quiet`));
  await night('nothing new');
  renameSync(at('clips'), at('elsewhere'));
  await night('the folder is not mounted');
  renameSync(at('elsewhere'), at('clips'));
}

async function ownDataflows(): Promise<void> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.end('[1, 2, 3]'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const url = typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}/` : '';
  const examples = 'node node_modules/reelflow/dist/examples';
  const films = 'clips/alien.mp4 clips/vertigo.mp4';
  for (const name of ['shot-boundaries', 'windows']) {
    await step(`own dataflow ${name}`, () => shell(`${examples}/${name}.js ${films} own-${name}/`));
  }
  for (const [name, source] of Object.entries(flows)) {
    writeFileSync(at(`${name}.mjs`), source);
    const code = source.trimEnd().split('\n').length;
    await step(`own dataflow ${name}, ${code} lines of code`, () => shell(`node ${name}.mjs ${films} own-${name}/`));
  }
  await step('own dataflow remote-vectors', () => shell(`${examples}/remote-vectors.js ${url} ${films} own-remote/`));
  server.close();
}

/** Own dataflows that no example shows. */
const flows = {
  seconds: `import { writeDataset } from 'reelflow';
import { map } from 'rxjs';

const out = process.argv.pop();
const rootMeanSquare = (data) => Math.sqrt(data.reduce((sum, value) => sum + value * value, 0) / data.length);
const brightness = (data) => data.reduce((sum, value) => sum + value, 0) / (255 * data.length);
const { videos } = await writeDataset(out, process.argv.slice(2), {
  name: 'seconds',
  version: '1',
  columns: (scope) => ({
    brightness: scope
      .frames({ fps: 5, width: 32, height: 32 })
      .pipe(map(({ time, data }) => ({ time, vector: [brightness(data)] })), scope.subclips({ seconds: 1 })),
    loudness: scope
      .audio({ sampleRate: 16000, patchSamples: 4000, hopSamples: 4000 })
      .pipe(map(({ centre, data }) => ({ time: centre, vector: [rootMeanSquare(data)] })), scope.subclips({ seconds: 1 })),
  }),
});
console.log(videos);
`,
  thumbnails: `import { mkdir, writeFile } from 'node:fs/promises';
import { writeDataset } from 'reelflow';

const out = process.argv.pop();
await mkdir('thumbnails', { recursive: true });
const { videos } = await writeDataset(out, process.argv.slice(2), {
  name: 'thumbnails',
  version: '1',
  columns: (scope) => ({
    thumbnails: scope.frames({ fps: 1, width: 64, height: 36 }).pipe(
      scope.mapAsync(async ({ time, data, width, height }) => {
        const path = 'thumbnails/' + scope.video.id + '-' + Math.round(time) + '.ppm';
        await writeFile(path, Buffer.concat([Buffer.from('P6 ' + width + ' ' + height + ' 255\\n'), data]));
        return { time, path };
      }, { name: 'write', concurrency: 2 }),
      scope.rows({ time: 'time', path: 'utf8' }),
    ),
  }),
});
console.log(videos);
`,
};

const mine = `class Mean {
  name = 'mean';
  fit({ values }) { this.mean = values.reduce((sum, value) => sum + value, 0) / values.length; }
  predict(users) { return new Float32Array(users.length).fill(this.mean); }
}
export default { name: 'mean', version: '1', make: () => new Mean() };
`;

async function researcher(): Promise<void> {
  await plantedFiles(folder);
  writeFileSync(at('mine.mjs'), mine);
  const vectors = Array.from({ length: 24 }, (_, film) => `${101 + film},${film % 2},${film}`);
  writeFileSync(at('vectors.csv'), `movieId,a,b\n${vectors.join('\n')}\n`);
  const films = ['alien', 'heat-1995', 'jaws', 'vertigo', 'psycho', 'new'];
  const rated = Array.from(
    { length: 60 },
    (_, at) => `u${at % 12},${films[((at % 12) + Math.floor(at / 12)) % films.length]},${1 + ((at * 3) % 5)},${at}`,
  );
  writeFileSync(at('film-ratings.csv'), `userId,movieId,rating,timestamp\n${rated.join('\n')}\n`);
  const small = '--set lstm-av.epochs=4 --set lstm-av.fits=1';
  const experiment = `${reelflow} experiment --ratings ratings/ --features vectors.csv --recommenders baseline,./mine.mjs,lstm-av ${small} --out results/`;
  await step('own recommender and own vectors in an experiment', () => shell(experiment), /mean|lstm|import/);
  const train = `${reelflow} train ./mine.mjs --ratings ratings/ --out models/mine`;
  await step('train it', () => shell(train));
  writeFileSync(at('ratings', 'ratings.csv'), `${'u1,999,4,1000000000\n'}`, { flag: 'a' });
  await step('the second night', () => shell(train));
  await step('--refit', () => shell(`${train} --refit`));
  await step('recommend', () => shell(`${reelflow} recommend models/mine --user u2 --k 2 --module ./mine.mjs`));
  await step('train on what reduce wrote, by its directory', () =>
    shell(
      `${reelflow} train lstm-av --ratings film-ratings.csv --features reduced/ --set epochs=2 --set fits=1 --out models/av`,
    ),
  );
}

process.stdout.write(`load ${loadavg()[0]?.toFixed(1)} before\n`);
execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], {
  cwd: root,
  stdio: 'ignore',
});
const [tarball] = readdirSync(folder);
writeFileSync(at('package.json'), '{ "name": "user", "private": true, "type": "module" }');
await step('npm install', () => shell(`${install} ./${tarball}`));
await step('its MiB', () => shell('du -sm node_modules'));
await step('its packages by MiB', () => shell('du -sm node_modules/* node_modules/@*/* | sort -rn'));
await clips();
await engineersNights();
await ownDataflows();
await researcher();
process.stdout.write(`load ${loadavg()[0]?.toFixed(1)} after\n`);
rmSync(folder, { recursive: true, force: true });
