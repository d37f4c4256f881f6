import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { tableFromIPC } from 'apache-arrow';
import { filter, map, type Observable } from 'rxjs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Columns, VideoScope } from '../../../src/graphs/dataflow/video-scope.ts';
import { writeDataset } from '../../../src/graphs/write-dataset.ts';
import type { UnitCache } from '../../../src/io/cache/unit-cache.ts';
import { decodeUnit, encodeUnit } from '../../../src/io/dataset/arrow.ts';
import { CommitStore } from '../../../src/io/dataset/commit-store.ts';
import { compact } from '../../../src/io/dataset/compact.ts';
import { readDatasetFile } from '../../../src/io/dataset/dataset-file.ts';
import type { RowSchema } from '../../../src/io/dataset/row-types.ts';
import { openTable } from '../../../src/io/dataset/table-reader.ts';
import type { Frame } from '../../../src/operators/frame.ts';
import { makeClip } from '../../fixtures/clips.ts';

let directory: string;
let clips: string;
let out: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'reelflow-rows-'));
  clips = join(directory, 'clips');
  mkdirSync(clips);
  await makeClip(join(clips, 'heat.mp4'), { seconds: 2 });
  await makeClip(join(clips, 'alien.mp4'), { seconds: 3 });
});
beforeEach(() => {
  out = mkdtempSync(join(directory, 'out-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const run = { memory: '1GiB', onMessage: () => {}, device: 'cpu', version: '1' } as const;

const meanOf = ({ data }: Frame) => data.reduce((sum, value) => sum + value, 0) / data.length;

/** A row for each of 5 frames a second, with every type there is. */
const samples = (frames$: Observable<Frame>, scope: VideoScope) => {
  let number = 0;
  return frames$.pipe(
    map((frame) => {
      const at = number++;
      return {
        at: frame.time,
        number: at,
        score: meanOf(frame),
        small: at / 2,
        even: at % 2 === 0,
        label: `${scope.video.id} né ${at}`,
        tags: at % 3 === 0 ? [] : ['a', `b${at}`],
        counts: Int32Array.of(at, -1 - at),
        flags: [true, false],
        vector: frame.data.subarray(0, 3),
        note: at === 1 ? 'only here' : undefined,
        near: at > 7 ? [at, at + 0.5] : undefined,
      };
    }),
    scope.rows({
      at: 'time',
      number: 'int32',
      score: 'float64',
      small: 'float32',
      even: 'bool',
      label: 'utf8',
      tags: 'utf8[]',
      counts: 'int32[]',
      flags: 'bool[]',
      vector: 'float32[3]',
      note: 'utf8?',
      near: 'float32[2]?',
    }),
  );
};

const both = (scope: VideoScope): Columns => {
  const frames = scope.frames({ width: 8, height: 8, fps: 5 });
  return {
    brightness: frames.pipe(
      map((frame) => ({ time: frame.time, vector: [meanOf(frame)] })),
      scope.subclips({ count: 2 }),
    ),
    samples: samples(frames, scope),
  };
};

const onlyRows = (scope: VideoScope): Columns => ({
  samples: samples(scope.frames({ width: 8, height: 8, fps: 5 }), scope),
});

async function query(sql: string): Promise<Record<string, unknown>[]> {
  const connection = await (await DuckDBInstance.create()).connect();
  return (await connection.runAndReadAll(sql)).getRowObjectsJson() as Record<string, unknown>[];
}

/** Sequences of expected values. */
const numbers = (count: number) => Array.from({ length: count }, (_, at) => at);

describe('scope.rows', () => {
  it('writes rows of any columns into a table of its own, beside the subclips, of one decode', async () => {
    const { videos, operators, rowTables } = await writeDataset(out, clips, { ...run, columns: both });
    expect(rowTables).toMatchObject([{ path: 'samples', rows: 25 }]);
    expect(videos).toMatchObject({ committed: 2, dead: 0 });
    expect(operators.find(({ name }) => name === 'decode-video')?.out).toBe(25);
    expect(operators.find(({ name }) => name === 'rows-samples')?.in).toBe(25);
    const rows = await query(`SELECT * FROM read_parquet('${out}/samples/*.parquet')`);
    const ids = [...numbers(15).map(() => 'alien'), ...numbers(10).map(() => 'heat')];
    expect(rows.map((row) => row.item_id)).toEqual(ids);
    const places = [...numbers(15), ...numbers(10)];
    expect(rows.map((row) => row.number)).toEqual(places);
    expect(rows.map((row) => row.at)).toEqual(places.map((at) => expect.closeTo(at / 5, 6)));
    expect(rows.map((row) => row.small)).toEqual(places.map((at) => at / 2));
    expect(rows.map((row) => row.even)).toEqual(places.map((at) => at % 2 === 0));
    expect(rows.map((row) => row.label)).toEqual(places.map((at, row) => `${ids[row]} né ${at}`));
    expect(rows.map((row) => row.tags)).toEqual(places.map((at) => (at % 3 === 0 ? [] : ['a', `b${at}`])));
    expect(rows.map((row) => row.counts)).toEqual(places.map((at) => [at, -1 - at]));
    expect(rows.map((row) => row.flags)).toEqual(places.map(() => [true, false]));
    expect(rows.map((row) => row.note)).toEqual(places.map((at) => (at === 1 ? 'only here' : null)));
    expect(rows.map((row) => row.near)).toEqual(places.map((at) => (at > 7 ? [at, at + 0.5] : null)));
    const [first] = rows as { vector: number[]; score: number }[];
    expect(first?.vector.every((value) => value >= 60 && value <= 240 && Number.isInteger(value))).toBe(true);
    // The column of subclips is the mean of the same scores: 7 of the 15 frames lie before the
    // middle, and frame 7 at 1.4 s.
    const [mean] = await query(
      `SELECT avg(score) AS score FROM read_parquet('${out}/samples/*.parquet') WHERE item_id = 'alien' AND "at" < 1.5`,
    );
    const [half] = await query(
      `SELECT brightness[1] AS score FROM read_parquet('${out}/subclips=2/aggregate=mean/*.parquet') WHERE item_id = 'alien' AND subclip = 0`,
    );
    expect(Number(half?.score)).toBeCloseTo(Number(mean?.score), 3);
    const types = await query(`DESCRIBE SELECT * FROM read_parquet('${out}/samples/*.parquet')`);
    expect(types.map((row) => `${row.column_name} ${row.column_type}`)).toEqual([
      'item_id VARCHAR',
      'at DOUBLE',
      'number INTEGER',
      'score DOUBLE',
      'small FLOAT',
      'even BOOLEAN',
      'label VARCHAR',
      'tags VARCHAR[]',
      'counts INTEGER[]',
      'flags BOOLEAN[]',
      'vector FLOAT[]',
      'note VARCHAR',
      'near FLOAT[]',
    ]);
  });

  it('is listed by the dataset, and read by `openTable`', async () => {
    await writeDataset(out, clips, { ...run, columns: onlyRows });
    const { tables, rows, rowTables } = readDatasetFile(out);
    expect(tables).toEqual([]);
    expect(rows?.samples).toMatchObject({ at: 'time', near: 'float32[2]?' });
    expect(rowTables).toMatchObject([{ path: 'samples', items: 2, rows: 25, parts: 1 }]);
    const table = await openTable(join(out, 'samples'));
    let found = 0;
    for await (const { batch } of table.batches()) found += batch.numRows;
    expect(found).toBe(25);
    expect(JSON.parse(table.metadata.get('reelflow') ?? '{}')).toMatchObject({
      table: 'samples',
      columns: rows?.samples,
    });
  });

  it('is resumed, compacted once, and taken from a cache under another id', async () => {
    const entries = new Map<string, Uint8Array>();
    const cache: UnitCache = {
      get: async (key) => entries.get(key),
      set: async (key, bytes) => void entries.set(key, bytes),
    };
    const first = await writeDataset(out, join(clips, 'heat.mp4'), { ...run, columns: onlyRows, cache });
    expect(first.videos.committed).toBe(1);
    const both = await writeDataset(out, clips, { ...run, columns: onlyRows, cache });
    expect(both.videos).toMatchObject({ committed: 1, alreadyDone: 1 });
    const part = join(out, 'samples/part-00000.parquet');
    const before = statSync(part);
    await writeDataset(out, clips, { ...run, columns: onlyRows });
    expect(statSync(part).ino).toBe(before.ino);
    const renamed = join(directory, 'renamed.mp4');
    await makeClip(renamed, { seconds: 2 });
    const other = mkdtempSync(join(directory, 'other-'));
    const cached = await writeDataset(other, renamed, { ...run, columns: onlyRows, cache });
    expect(cached.videos).toMatchObject({ committed: 1, cached: 1 });
    const rows = await query(`SELECT DISTINCT item_id FROM read_parquet('${other}/samples/*.parquet')`);
    expect(rows).toEqual([{ item_id: 'renamed' }]);
    rmSync(join(out, '_dataset.json'));
    const again = await writeDataset(out, clips, { ...run, columns: onlyRows });
    expect(again.videos).toMatchObject({ committed: 0, alreadyDone: 2 });
  });

  it('makes several parts, and the same bytes again', async () => {
    await writeDataset(out, clips, { ...run, columns: onlyRows });
    await compact(out, { partBytes: 1 });
    expect(readDatasetFile(out).rowTables).toMatchObject([{ parts: 2, rows: 25 }]);
    const count = `SELECT count(*)::INT AS rows, count(DISTINCT item_id)::INT AS items FROM read_parquet('${out}/samples/*.parquet')`;
    expect(await query(count)).toEqual([{ rows: 25, items: 2 }]);
    await compact(out);
    expect(readDatasetFile(out).rowTables).toMatchObject([{ parts: 1, rows: 25 }]);
    expect(await query(count)).toEqual([{ rows: 25, items: 2 }]);
  });

  it('stands in the file of its unit, whose other rows any reader of Arrow finds as before', async () => {
    await writeDataset(out, join(clips, 'heat.mp4'), { ...run, columns: both });
    const store = await CommitStore.open(out);
    const unit = await store.read((await store.keys())[0] as string);
    expect(unit.rowTables).toMatchObject([{ table: 'samples', rows: 10 }]);
    const bytes = encodeUnit(unit);
    expect(decodeUnit(bytes, 'again').rowTables).toEqual(unit.rowTables);
    expect(tableFromIPC(bytes).numRows).toBe(2);
    const inside = bytes.indexOf(Buffer.from('heat né 7')[0] as number, Math.floor(bytes.length / 2));
    const damaged = Uint8Array.from(bytes);
    damaged[inside] = (damaged[inside] as number) ^ 1;
    expect(() => decodeUnit(damaged, 'damaged')).toThrow('its checksum is');
  });

  it('makes a dead letter of a video of which a row does not fit, naming the column, what was expected and what was given', async () => {
    const wrong: [unknown, string][] = [
      [{ at: 0, label: 4 }, "column 'label' of row 0 of 'shots' must be a text, but is 4"],
      [{ at: '0', label: '' }, "column 'at' of row 0 of 'shots' must be a finite number of seconds, but is '0'"],
      [{ at: Number.NaN, label: '' }, 'must be a finite number of seconds, but is NaN'],
      [{ label: '' }, "column 'at' of row 0 of 'shots' must be a finite number of seconds (time), but is undefined"],
      [
        { at: 0, label: '', v: [1] },
        "column 'v' of row 0 of 'shots' must be 2 finite numbers (float32[2]?), but has 1 values",
      ],
      [{ at: 0, label: '', v: 'ab' }, "must be 2 finite numbers (float32[2]?), but is 'ab'"],
      [{ at: 0, label: '', v: [1, null] }, 'must be a finite number, but is null'],
      [{ at: 0, label: '', lable: '' }, "row 0 of 'shots' has 'lable', which is not a column: they are at, label, v"],
      [7, "a row of 'shots' must be an object of its columns, but is 7"],
    ];
    for (const [row, message] of wrong) {
      const into = mkdtempSync(join(directory, 'wrong-'));
      const { videos, dead } = await writeDataset(into, clips, {
        ...run,
        columns: (scope) => ({
          shots: scope.frames({ width: 8, height: 8, fps: 1 }).pipe(
            map(() => (scope.video.id === 'alien' ? row : { at: 0, label: '' }) as { at: number; label: string }),
            scope.rows({ at: 'time', label: 'utf8', v: 'float32[2]?' }),
          ),
        }),
      });
      expect(videos, message).toMatchObject({ committed: 1, dead: 1 });
      expect(dead[0]).toMatchObject({ item: 'alien', message: expect.stringContaining(message) });
    }
  });

  it('refuses types, columns and names that cannot be, before it decodes', async () => {
    const write = (schema: Record<string, unknown>, name = 'shots') =>
      writeDataset(out, clips, {
        ...run,
        columns: (scope) => ({
          [name]: scope.frames().pipe(
            map(() => ({})),
            scope.rows(schema as RowSchema),
          ),
        }),
      });
    await expect(write({})).rejects.toThrow('at least one column');
    await expect(write({ a: 'float16' })).rejects.toThrow("column 'a' has the type 'float16'");
    await expect(write({ a: 'utf8[3]' })).rejects.toThrow("the type 'utf8[3]'");
    await expect(write({ a: 'float32[0]' })).rejects.toThrow("the type 'float32[0]'");
    await expect(write({ item_id: 'utf8' })).rejects.toThrow('not item_id');
    await expect(write({ a: 'utf8' }, 'units')).rejects.toThrow("cannot be named 'units'");
    await expect(write({ a: 'utf8' }, 'a/b')).rejects.toThrow("named 'a/b'");
    const { graphId } = await write({ a: 'utf8?' });
    const other = mkdtempSync(join(directory, 'other-'));
    const changed = await writeDataset(other, clips, {
      ...run,
      columns: (scope) => ({
        shots: scope.frames().pipe(
          map(() => ({})),
          scope.rows({ a: 'utf8[]?' }),
        ),
      }),
    });
    expect(changed.graphId).not.toBe(graphId);
  });

  it('takes only rows of its columns, as the compiler sees it', () => {
    const typed = (scope: VideoScope) => {
      const frames = scope.frames();
      const right = map(({ time }: Frame) => ({ time, label: 'x' }));
      const text = map((_: Frame) => ({ score: 'high' }));
      const one = map((_: Frame) => ({ a: 1 }));
      return {
        right: frames.pipe(right, scope.rows({ time: 'time', label: 'utf8?' })),
        without: frames.pipe(one, scope.rows({ a: 'int32', b: 'utf8[]?' })),
        // @ts-expect-error: a text is not a number
        text: frames.pipe(text, scope.rows({ score: 'float64' })),
        // @ts-expect-error: a column is missing
        missing: frames.pipe(one, scope.rows({ a: 'int32', b: 'int32' })),
        // @ts-expect-error: there is no such type
        type: frames.pipe(one, scope.rows({ a: 'float16' })),
      };
    };
    expect(typed).toBeTypeOf('function');
  });

  it('has an empty table where no video has rows', async () => {
    const columns = (scope: VideoScope): Columns => ({
      shots: scope.frames({ width: 8, height: 8, fps: 1 }).pipe(
        filter(() => false),
        map(() => ({ a: 'x' })),
        scope.rows({ a: 'utf8' }),
      ),
    });
    expect((await writeDataset(out, clips, { ...run, columns })).videos.committed).toBe(2);
    expect(readDatasetFile(out).rowTables).toMatchObject([{ path: 'shots', items: 0, rows: 0, parts: 0 }]);
    expect((await writeDataset(out, clips, { ...run, columns })).videos.alreadyDone).toBe(2);
  });
});
