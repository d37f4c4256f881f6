import { appendFileSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { filter, from, map, Observable } from 'rxjs';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Columns, VideoScope } from '../../src/graphs/dataflow/video-scope.ts';
import { network } from '../../src/graphs/named-network.ts';
import { writeDataset } from '../../src/graphs/write-dataset.ts';
import { CommitStore } from '../../src/io/dataset/commit-store.ts';
import { readDatasetFile } from '../../src/io/dataset/dataset-file.ts';
import type { UnitTable } from '../../src/io/dataset/schema.ts';
import { Video } from '../../src/io/media/video.ts';
import type { UnopenedNetwork } from '../../src/models/networks/network.ts';
import type { Frame } from '../../src/operators/frame.ts';
import { makeClip } from '../fixtures/clips.ts';
import { writeTinyAudio, writeTinyVisual } from '../fixtures/tiny-networks.ts';

let directory: string;
let clips: string;
let pictures: UnopenedNetwork<Uint8Array>;
let sound: UnopenedNetwork<Float32Array>;
let out: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'reelflow-write-dataset-'));
  clips = join(directory, 'clips');
  mkdirSync(clips);
  await makeClip(join(clips, 'heat.mp4'), { seconds: 2 });
  await makeClip(join(clips, 'alien.mp4'), { seconds: 3 });
  pictures = network<Uint8Array>(writeTinyVisual(directory));
  sound = network<Float32Array>(writeTinyAudio(directory));
});
beforeEach(() => {
  out = mkdtempSync(join(directory, 'out-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const brightness = ({ time, data }: Frame) => ({
  time,
  vector: [data.reduce((sum, value) => sum + value, 0) / data.length],
});

/** One decode for a network and a function, and the sound. */
function threeColumns(scope: VideoScope): Columns {
  const frames = scope.frames(pictures.input);
  const halves = scope.subclips({ count: 2, statistic: 'mean' });
  return {
    visual: frames.pipe(scope.embed(pictures), halves),
    brightness: frames.pipe(map(brightness), halves),
    audio: scope.audio(sound.input).pipe(scope.embed(sound), halves),
  };
}

async function unitsOf(dataset: string): Promise<ReadonlyMap<string, UnitTable>> {
  const store = await CommitStore.open(dataset);
  const units = await Promise.all([...(await store.keys())].map((key) => store.read(key)));
  return new Map(units.map((unit) => [unit.itemId, unit]));
}

const options = { memory: '1GiB', onMessage: () => {}, device: 'cpu' } as const;

describe('writeDataset', () => {
  it('joins the columns of a video, of a network and of a function, into one row for each subclip', async () => {
    const summary = await writeDataset(out, clips, { ...options, version: '1', columns: threeColumns });
    expect(summary.videos).toMatchObject({ committed: 2, alreadyDone: 0, dead: 0 });
    const { counts, tables } = readDatasetFile(out);
    expect(counts.videos).toBe(2);
    expect(tables.map(({ path, rows }) => [path, rows])).toEqual([['subclips=2/aggregate=mean', 4]]);
    const heat = (await unitsOf(out)).get('heat');
    expect(heat?.columns.map(({ stream, dimension }) => [stream, dimension])).toEqual([
      ['visual', 6],
      ['audio', 4],
      ['brightness', 1],
    ]);
    expect(heat?.columns.map(({ valid }) => [...valid])).toEqual([
      [1, 1],
      [1, 1],
      [1, 1],
    ]);
    expect(Number(heat?.metadata.frames)).toBe(50);
    expect([...(heat?.frames ?? [])]).toEqual([25, 25]);
  });

  it('counts the rows of every column in each subclip, also of one that is made of nothing that is decoded', async () => {
    const columns = (scope: VideoScope): Columns => ({
      brightness: scope.frames({ width: 8, height: 8, fps: 5 }).pipe(map(brightness), scope.subclips({ count: 2 })),
      beats: from([0.1, 0.2, 1.7].map((time) => ({ time, vector: [1] }))).pipe(scope.subclips({ count: 2 })),
    });
    await writeDataset(out, clips, { ...options, version: '1', columns });
    const connection = await (await DuckDBInstance.create()).connect();
    const rows = await connection.runAndReadAll(
      `SELECT item_id, frames, beats_rows, brightness_rows FROM read_parquet('${out}/subclips=2/aggregate=mean/*.parquet') ORDER BY item_id, subclip`,
    );
    expect(rows.getRowsJson()).toEqual([
      ['alien', 8, 2, 8],
      ['alien', 7, 1, 7],
      ['heat', 5, 2, 5],
      ['heat', 5, 1, 5],
    ]);
    const heat = (await unitsOf(out)).get('heat');
    expect(heat?.counts).toEqual({ beats: Int32Array.of(2, 1), brightness: Int32Array.of(5, 5) });
  });

  it('decodes the pictures once, however many columns use them', async () => {
    const { operators } = await writeDataset(out, clips, { ...options, version: '1', columns: threeColumns });
    const decoders = operators.filter(({ name }) => name.startsWith('decode'));
    expect(decoders.map(({ name, out: frames }) => [name, frames])).toEqual([
      ['decode-video', 125],
      ['decode-audio', 5],
    ]);
  });

  it('computes only what is missing when it is called again', async () => {
    const run = { ...options, version: '1', columns: threeColumns };
    await writeDataset(out, [new Video(join(clips, 'heat.mp4'))], run);
    const { videos } = await writeDataset(out, clips, run);
    expect(videos).toMatchObject({ committed: 1, alreadyDone: 1 });
  });

  it('refuses functions without a version before it decodes, and names their columns', async () => {
    const refused = writeDataset(out, clips, { ...options, columns: threeColumns });
    await expect(refused).rejects.toMatchObject({ code: 'version', message: expect.stringContaining("'brightness'") });
    const withoutFunctions = writeDataset(out, [join(clips, 'heat.mp4')], {
      ...options,
      columns: (scope) => ({
        visual: scope.frames(pictures.input).pipe(scope.embed(pictures), scope.subclips({ count: 2 })),
      }),
    });
    expect((await withoutFunctions).videos.committed).toBe(1);
  });

  it('takes functions that leave elements out for functions', async () => {
    const columns = (scope: VideoScope): Columns => ({
      visual: scope.frames(pictures.input).pipe(
        filter(({ time }) => time < 1),
        scope.embed(pictures),
        scope.subclips({ count: 1 }),
      ),
    });
    await expect(writeDataset(out, clips, { ...options, columns })).rejects.toMatchObject({ code: 'version' });
  });

  it('takes another version, another cut and another network for another dataset', async () => {
    const run = { ...options, version: '1', columns: threeColumns };
    const { graphId } = await writeDataset(out, [join(clips, 'heat.mp4')], run);
    await expect(writeDataset(out, clips, { ...run, version: '2' })).rejects.toMatchObject({ code: 'dataset' });
    const other = (scope: VideoScope): Columns => ({
      visual: scope.frames(pictures.input).pipe(scope.embed(pictures), scope.subclips({ count: 3 })),
    });
    await expect(writeDataset(out, clips, { ...run, columns: other })).rejects.toMatchObject({ code: 'dataset' });
    const again = mkdtempSync(join(directory, 'again-'));
    expect((await writeDataset(again, [join(clips, 'heat.mp4')], run)).graphId).toBe(graphId);
  });

  it('makes a dead letter of a damaged file, and continues', async () => {
    const damaged = join(directory, 'damaged');
    mkdirSync(damaged);
    copyFileSync(join(clips, 'heat.mp4'), join(damaged, 'heat.mp4'));
    writeFileSync(join(damaged, 'noise.mp4'), 'no video at all');
    const { videos, dead } = await writeDataset(out, damaged, { ...options, version: '1', columns: threeColumns });
    expect(videos).toMatchObject({ committed: 1, dead: 1 });
    expect(dead).toMatchObject([{ item: 'noise', code: 'not-media' }]);
  });

  it('makes a dead letter of a video of which a function throws, and tries it again', async () => {
    let broken = true;
    const columns = (scope: VideoScope): Columns => ({
      brightness: scope.frames({ width: 8, height: 8 }).pipe(
        map((frame) => {
          if (broken && scope.video.id === 'alien') throw new TypeError('x is undefined');
          return brightness(frame);
        }),
        scope.subclips({ count: 1 }),
      ),
    });
    const run = { ...options, version: '1', columns };
    const first = await writeDataset(out, clips, run);
    expect(first.videos).toMatchObject({ committed: 1, dead: 1 });
    expect(first.dead).toMatchObject([{ item: 'alien', message: expect.stringContaining('x is undefined') }]);
    broken = false;
    expect((await writeDataset(out, clips, { ...run, version: '1' })).videos.committed).toBe(1);
  });

  it('makes a dead letter of a video of which a function gives a vector of no or another length', async () => {
    const columns = (scope: VideoScope): Columns => ({
      brightness: scope.frames({ width: 8, height: 8 }).pipe(
        map((frame) =>
          scope.video.id === 'alien' && frame.time > 1 ? { time: frame.time, vector: [] } : brightness(frame),
        ),
        scope.subclips({ count: 1 }),
      ),
    });
    const { videos, dead } = await writeDataset(out, clips, { ...options, version: '1', columns });
    expect(videos).toMatchObject({ committed: 1, dead: 1 });
    expect(dead).toMatchObject([
      { item: 'alien', code: 'batch-result', message: expect.stringContaining('has 0 values') },
    ]);
  });

  it('can be stopped while it waits for the next video of a list, which is closed', async () => {
    const controller = new AbortController();
    let closed = false;
    async function* slowly() {
      try {
        yield new Video(join(clips, 'heat.mp4'));
        setTimeout(() => controller.abort(), 1);
        await new Promise<void>((resolve) => controller.signal.addEventListener('abort', () => resolve()));
        yield new Video(join(clips, 'alien.mp4'));
      } finally {
        closed = true;
      }
    }
    const { signal } = controller;
    const summary = await writeDataset(out, slowly(), { ...options, version: '1', columns: threeColumns, signal });
    expect(summary).toMatchObject({ interrupted: true, videos: { committed: 0 } });
    await vi.waitFor(() => expect(closed).toBe(true));
  });

  it('computes a video again when its file has changed', async () => {
    const changing = join(directory, 'changing.mkv');
    const columns = (scope: VideoScope): Columns => ({
      visual: scope.frames(pictures.input).pipe(scope.embed(pictures), scope.subclips({ count: 1 })),
    });
    await makeClip(changing, { seconds: 1 });
    await writeDataset(out, changing, { ...options, columns });
    appendFileSync(changing, Buffer.alloc(4));
    const { videos } = await writeDataset(out, changing, { ...options, columns });
    expect(videos).toMatchObject({ committed: 1, alreadyDone: 0 });
  });

  it('stops at once when it is told, and says so', async () => {
    const controller = new AbortController();
    const columns = (scope: VideoScope): Columns => ({
      visual: scope.frames(pictures.input).pipe(
        map((frame) => {
          controller.abort();
          return frame;
        }),
        scope.embed(pictures),
        scope.subclips({ count: 1 }),
      ),
    });
    const run = { ...options, version: '1', columns, signal: controller.signal };
    expect(await writeDataset(out, clips, run)).toMatchObject({ interrupted: true, videos: { committed: 0, dead: 0 } });
  });

  it('refuses what is not a column, no video, and pictures for a network of sound', async () => {
    const write = (columns: unknown) => writeDataset(out, clips, { ...options, columns: columns as () => Columns });
    await expect(write(() => ({}))).rejects.toThrow('at least one named column');
    await expect(write(() => ({ loose: new Observable() }))).rejects.toThrow("column 'loose' must end in");
    const wrong = (scope: VideoScope) => ({
      // @ts-expect-error: pictures do not feed a network of sound
      audio: scope.frames().pipe(scope.embed(sound), scope.subclips({ count: 1 })),
    });
    await expect(write(wrong)).rejects.toThrow('takes audio, but its input is frames');
    const small = (scope: VideoScope) => ({
      visual: scope.frames({ width: 16, height: 16 }).pipe(scope.embed(pictures), scope.subclips({ count: 1 })),
    });
    await expect(write(small)).rejects.toThrow('width 32, height 32');
    for (const fps of ['natve', 0, { every: 1.5 }]) {
      const odd = (scope: VideoScope) => ({
        visual: scope.frames({ fps: fps as 'native' }).pipe(scope.embed(pictures), scope.subclips({ count: 1 })),
      });
      await expect(write(odd)).rejects.toThrow('`fps');
    }
    await expect(writeDataset(out, [], { ...options, version: '1', columns: threeColumns })).rejects.toMatchObject({
      code: 'no-inputs',
    });
    for (const missing of ['nowhere/', [clips, join(directory, 'nowhere.mp4')]]) {
      await expect(writeDataset(out, missing, { ...options, version: '1', columns: threeColumns })).rejects.toThrow(
        'there is no file or directory',
      );
    }
    const twice = [new Video(join(clips, 'heat.mp4')), new Video(join(directory, 'elsewhere', 'heat.mp4'))];
    await expect(writeDataset(out, twice, { ...options, columns: threeColumns })).rejects.toMatchObject({
      code: 'version',
    });
    await expect(writeDataset(out, twice, { ...options, version: '1', columns: threeColumns })).rejects.toMatchObject({
      code: 'duplicate-id',
    });
  });
});
