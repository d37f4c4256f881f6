import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import { RecordBatchReader, type Table, tableFromIPC } from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeClip, temporaryDirectory } from '../fixtures/clips.ts';
import { recipe } from '../fixtures/docs.ts';
import { gatedFfmpeg } from '../fixtures/gated-ffmpeg.ts';
import { reelflow } from '../fixtures/run-cli.ts';
import { pipeReelflow, startReelflow } from '../fixtures/streaming-cli.ts';
import { writeTinyAudio, writeTinyVisual } from '../fixtures/tiny-networks.ts';

const python = process.env.PYTHON ?? 'python3';
const hasPyarrow = spawnSync(python, ['-c', 'import pyarrow']).status === 0;
const hasNanoarrow = await loadsNanoarrow();

let directory: string;
let remove: () => Promise<void>;
let clips: string;
let cards: string[];

beforeAll(async () => {
  ({ path: directory, remove } = await temporaryDirectory());
  clips = join(directory, 'clips');
  mkdirSync(clips);
  for (const [index, name] of ['a', 'b', 'c'].entries()) {
    const sound = name !== 'c';
    await makeClip(join(clips, `${name}.mp4`), { width: 64, height: 48, fps: 10, seconds: 1 + index, sound });
  }
  cards = ['--visual', writeTinyVisual(directory), '--audio', writeTinyAudio(directory)];
});

afterAll(() => remove());

async function loadsNanoarrow(): Promise<boolean> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  try {
    await connection.run('LOAD nanoarrow');
    return true;
  } catch {
    return false;
  }
}

function streaming(...more: string[]): string[] {
  return ['extract', clips, '--format', 'arrow', '--out', '-', ...cards, '--progress', 'none', ...more];
}

/** A directory where programs of the guide find the packages of this project. */
function workplace(name: string): string {
  const place = join(directory, name);
  mkdirSync(place);
  symlinkSync(resolve(import.meta.dirname, '../../node_modules'), join(place, 'node_modules'));
  return place;
}

/** Rows of one item, by column, of a stream or of a dataset's unit. */
function rowsOf(table: Table, item: string): string {
  const columns = table.schema.fields.map(({ name }) => name);
  const rows = table.toArray().filter((row) => row.item_id === item);
  return JSON.stringify(rows.map((row) => columns.map((name) => String(row[name]))));
}

describe('reelflow extract --format arrow --out -', () => {
  it('streams the rows that a dataset would have, and puts its summary on stderr', async () => {
    const { child, ended, stderr } = startReelflow(streaming('--subclips', '3,10'));
    const chunks: Buffer[] = [];
    for await (const chunk of child.stdout) chunks.push(chunk as Buffer);
    expect(await ended, stderr()).toBe(0);
    const table = tableFromIPC(Buffer.concat(chunks));
    expect(table.batches.map((batch) => batch.numRows)).toEqual([13, 13, 13]);
    expect(stderr()).toContain('3 committed');
    expect(table.schema.metadata.get('graph')).toMatch(/^[0-9a-f]{16}$/);
    expect(JSON.parse(table.schema.metadata.get('models') ?? '')).toHaveLength(2);

    const out = join(directory, 'dataset');
    await reelflow(['extract', clips, '--out', out, ...cards, '--subclips', '3,10', '--progress', 'none']);
    const files = (readdirSync(join(out, '_units'), { recursive: true }) as string[]).filter((name) =>
      name.endsWith('.arrow'),
    );
    const units = files.map((name) => tableFromIPC(readFileSync(join(out, '_units', name))));
    for (const unit of units) {
      const item = String(unit.getChild('item_id')?.get(0));
      expect(rowsOf(table, item)).toBe(rowsOf(unit, item));
    }
    expect(units).toHaveLength(3);
  });

  it('a reader sees the first batch before the run ends', async () => {
    const { child, ended } = startReelflow(streaming('--concurrency', '1'), gatedFfmpeg(directory, 'b.mp4').env);
    const reader = await RecordBatchReader.from(child.stdout);
    await reader.open();
    expect(reader.schema.fields.map(({ name }) => name)).toContain('visual_mean');
    const first = await reader.next();
    expect(first.value?.getChild('item_id')?.get(0)).toBe('a');
    // Stopped here it goes no further: it was not over when the batch came.
    child.kill('SIGKILL');
    expect(await ended).toBeNull();
  });

  it('a reader that goes away ends the run with exit 0, and the cache keeps what was committed', async () => {
    const cache = join(directory, 'cache.sqlite');
    const gate = gatedFfmpeg(directory, 'b.mp4');
    const { child, ended, stderr } = startReelflow(streaming('--concurrency', '1', '--cache', cache), gate.env);
    const reader = await RecordBatchReader.from(child.stdout);
    expect((await reader.next()).value?.numRows).toBe(10);
    child.stdout.destroy();
    gate.open();
    expect(await ended, stderr()).toBe(0);
    expect(stderr()).toContain('the reader closed the stream');
    expect(stderr()).toContain('1 committed');
    const again = await reelflow(['extract', clips, '--out', join(directory, 'kept'), ...cards, '--cache', cache]);
    expect(again.stdout, again.stderr).toContain('3 committed (1 from the cache)');
  });

  it('a reader that does not read holds up the decoding, and loses nothing when it continues', async () => {
    const many = join(directory, 'many');
    mkdirSync(many);
    for (let index = 0; index < 3; index += 1) {
      writeFileSync(join(many, `clip-${index}.mp4`), readFileSync(join(clips, 'a.mp4')));
    }
    // 3 x 20,000 rows of 80 bytes: each batch is many times what a pipe holds.
    const args = ['extract', many, '--format', 'arrow', '--out', '-', ...cards, '--subclips', '20000'];
    const { child, ended, stderr } = startReelflow([...args, '--concurrency', '1', '--progress', 'ndjson']);
    // The pipe is filled as far as it goes with the first batch; then the program tells twice how
    // far it is.
    child.stdout.once('readable', () => {});
    while (child.stdout.readableLength < 16 * 1024) await sleep(10);
    const states = () => [...stderr().matchAll(/"done":(\d)/g)].map((match) => Number(match[1]));
    const before = states().length;
    while (states().length < before + 2) await sleep(50);
    expect(new Set(states())).toEqual(new Set([0]));
    expect(child.exitCode).toBeNull();
    const chunks: Buffer[] = [];
    for await (const chunk of child.stdout) chunks.push(chunk as Buffer);
    expect(await ended, stderr()).toBe(0);
    expect(tableFromIPC(Buffer.concat(chunks)).batches.map((batch) => batch.numRows)).toEqual(Array(3).fill(20_000));
  });

  it('names dead letters on stderr and in its exit code, and streams the others', async () => {
    const bad = join(directory, 'bad.mp4');
    writeFileSync(bad, 'no film');
    const { child, ended, stderr } = startReelflow(streaming(bad));
    const chunks: Buffer[] = [];
    for await (const chunk of child.stdout) chunks.push(chunk as Buffer);
    expect(await ended).toBe(3);
    expect(stderr()).toContain('bad.mp4');
    expect(stderr()).not.toContain('dead retry');
    expect(tableFromIPC(Buffer.concat(chunks)).batches).toHaveLength(3);
  });

  it.each([
    [['--out', '-'], 'needs `--format arrow`'],
    [['--out', '-', '--format', 'parquet'], 'needs `--format arrow`'],
    [['--out', '-', '--format', 'arrow', '--json'], '`--json` and `--out -`'],
    [['--out', 'x', '--format', 'csv'], "`--format` must be one of 'parquet', 'arrow', but is 'csv'"],
  ])('refuses %j with exit 2', async (args, message) => {
    const { code, stdout, stderr } = await reelflow(['extract', clips, ...cards, ...args]);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(message);
  });

  it('refuses a terminal', () => {
    const line = [process.execPath, 'dist/bin/reelflow.js', ...streaming()].map((word) => `'${word}'`).join(' ');
    const typed = spawnSync('script', ['-qec', line, '/dev/null'], { encoding: 'utf8' });
    expect(typed.stdout).toContain('stdout is a terminal');
    expect(typed.status).toBe(2);
  });

  it('--format arrow with a directory writes the units and no tables', async () => {
    const out = join(directory, 'units-only');
    const { code } = await reelflow(['extract', clips, '--out', out, '--format', 'arrow', ...cards]);
    expect(code).toBe(0);
    expect(readdirSync(out)).toContain('_units');
    expect(readdirSync(out).filter((name) => name.startsWith('subclips='))).toEqual([]);
  });
});

describe('the recipes of docs/stdout.md', () => {
  const lines = (printed: string) => printed.trim().split('\n').sort();

  it('Node.js', async () => {
    const place = workplace('node');
    writeFileSync(join(place, 'read-units.mjs'), recipe('stdout.md', 'js'));
    const { code, printed, stderr } = await pipeReelflow(streaming(), [
      process.execPath,
      join(place, 'read-units.mjs'),
    ]);
    expect(code, stderr).toBe(0);
    expect(lines(printed)).toEqual(['a 10 6', 'b 10 6', 'c 10 6']);
  });

  it.skipIf(!hasPyarrow)(`Python${hasPyarrow ? '' : ' (skipped: pyarrow is not installed)'}`, async () => {
    const path = join(workplace('python'), 'read_units.py');
    writeFileSync(path, recipe('stdout.md', 'python'));
    const { code, printed, stderr } = await pipeReelflow(streaming(), [python, path]);
    expect(code, stderr).toBe(0);
    expect(lines(printed)).toEqual(['a 10 6', 'b 10 6', 'c 10 6']);
  });

  it.skipIf(!hasNanoarrow)(
    `DuckDB${hasNanoarrow ? '' : ' (skipped: its extension nanoarrow is not installed)'}`,
    async () => {
      const file = join(directory, 'units.arrows');
      writeFileSync(file, execFileSync(process.execPath, ['dist/bin/reelflow.js', ...streaming()]));
      const connection = await (await DuckDBInstance.create(':memory:')).connect();
      await connection.run('LOAD nanoarrow');
      const query = recipe('stdout.md', 'sql').replace('LOAD nanoarrow;', '').replace('/dev/stdin', file);
      const rows = (await connection.runAndReadAll(query)).getRowObjects();
      expect(rows).toHaveLength(30);
      expect(rows[0]).toMatchObject({ item_id: 'a', subclip: 0 });
    },
  );
});
