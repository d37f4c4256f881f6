import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CommitStore } from '../../src/io/dataset/commit-store.ts';
import { encodeClip } from '../../src/io/media/encode.ts';
import { writeTinyVisual } from '../fixtures/tiny-networks.ts';

const execute = promisify(execFile);
const directory = mkdtempSync(join(tmpdir(), 'reelflow-examples-'));
const clip = join(directory, 'red then blue.mp4');

/** Four seconds: red, then blue. */
beforeAll(async () => {
  const colours = [
    [255, 0, 0],
    [0, 0, 255],
  ];
  const frames = Array.from({ length: 40 }, (_, index) => {
    const colour = colours[index < 20 ? 0 : 1] ?? [];
    return Uint8Array.from({ length: 64 * 48 * 3 }, (_, at) => colour[at % 3] ?? 0);
  });
  await encodeClip({ path: clip, width: 64, height: 48, fps: 10, frames });
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function example(name: string, args: readonly string[]): Promise<string> {
  const path = fileURLToPath(new URL(`../../dist/examples/${name}.js`, import.meta.url));
  return (await execute(process.execPath, [path, ...args])).stdout;
}

async function onlyUnit(out: string) {
  const store = await CommitStore.open(out, { create: false });
  expect(await store.keys()).toHaveLength(1);
  return store.read((await store.keys())[0] as string);
}

async function tableOf(out: string, table: string): Promise<Record<string, unknown>[]> {
  const connection = await (await DuckDBInstance.create()).connect();
  const rows = await connection.runAndReadAll(`SELECT * FROM read_parquet('${out}/${table}/*.parquet')`);
  return rows.getRowObjectsJson() as Record<string, unknown>[];
}

describe('the examples', () => {
  it('colour-statistics gives the mean colour of every subclip, and computes nothing the second time', async () => {
    const out = join(directory, 'colour');
    expect(await example('colour-statistics', [clip, out])).toContain('1 committed, 0 already done, 0 dead');
    const unit = await onlyUnit(out);
    const column = unit.columns.find(({ stream }) => stream === 'colour');
    expect(column?.dimension).toBe(6);
    const [red = 0, green = 0, blue = 0] = column?.values.slice(0, 3) ?? [];
    expect(red).toBeGreaterThan(0.9);
    expect(green).toBeLessThan(0.1);
    expect(blue).toBeLessThan(0.1);
    expect(column?.values.at(9 * 6 + 2)).toBeGreaterThan(0.9);
    expect(await example('colour-statistics', [clip, out])).toContain('0 committed, 1 already done, 0 dead');
  });

  it("own-network runs a user's ONNX network by its card, into several cuts and statistics at once", async () => {
    const out = join(directory, 'own');
    const printed = await example('own-network', [writeTinyVisual(directory), clip, out]);
    expect(printed).toContain('subclips=5/aggregate=mean: 5 rows of 1 videos');
    expect(printed).toContain('subclips=10/aggregate=medmad: 10 rows of 1 videos');
    const unit = await onlyUnit(out);
    const mean = unit.columns.find(({ statistic }) => statistic === 'mean');
    // The network is linear in the mean colour, so red and blue subclips differ.
    expect(mean?.values.slice(0, 6)).not.toEqual(mean?.values.slice(4 * 6, 5 * 6));
  });

  it('two-operators decodes every frame once for two operators', async () => {
    const out = join(directory, 'two');
    expect(await example('two-operators', [clip, out])).toContain('1 committed; 40 frames were decoded, once each');
    const unit = await onlyUnit(out);
    expect(unit.columns.map(({ stream, dimension }) => [stream, dimension])).toEqual([
      ['visual', 4096],
      ['brightness', 2],
    ]);
  });

  it('windows gives a row for each window, of which only those over the cut have motion', async () => {
    const out = join(directory, 'windows');
    expect(await example('windows', [clip, out])).toContain('1 committed');
    const rows = await tableOf(out, 'windows');
    // 40 frames of a tenth of a second: windows from frames 0, 8, 16 and 24, those from 8 and 16
    // over the cut at 20.
    expect(rows.map(({ start }) => start)).toEqual([0, 0.8, 1.6, 2.4].map((time) => expect.closeTo(time, 6)));
    expect(rows.map(({ end }) => end)).toEqual([1.5, 2.3, 3.1, 3.9].map((time) => expect.closeTo(time, 6)));
    const moved = [0, 2 / 3 / 15, 2 / 3 / 15, 0];
    expect(rows.map(({ motion }) => motion)).toEqual(
      moved.map((share) => Array.from({ length: 12 }, () => expect.closeTo(share, 2))),
    );
  });

  it('loudness-and-brightness gives a row for each second, with sound and picture of that second', async () => {
    const loud = join(directory, 'loud.mp4');
    const picture = (value: number) => new Uint8Array(64 * 48 * 3).fill(value);
    const samples = Float32Array.from({ length: 32_000 }, (_, at) => (at < 16_000 ? 0 : 0.5 * Math.sin(at / 5)));
    const frames = Array.from({ length: 20 }, (_, at) => picture(at < 10 ? 250 : 5));
    await encodeClip({ path: loud, width: 64, height: 48, fps: 10, frames, audio: { sampleRate: 16_000, samples } });
    const out = join(directory, 'loudness');
    expect(await example('loudness-and-brightness', [loud, out])).toContain('1 committed');
    const [quiet, after] = await tableOf(out, 'subclips=1s/aggregate=mean');
    expect(quiet).toMatchObject({ loudness: [expect.closeTo(0, 1)], brightness: [expect.closeTo(1, 1)] });
    expect(after).toMatchObject({
      loudness: [expect.closeTo(0.5 / Math.SQRT2, 1)],
      brightness: [expect.closeTo(0, 1)],
    });
  });

  it('thumbnails writes a picture for each second, and the table that names them', async () => {
    const out = join(directory, 'thumbnails');
    expect(await example('thumbnails', [clip, out])).toContain('1 committed');
    const rows = await tableOf(out, 'thumbnails');
    expect(rows.map(({ time }) => time)).toEqual([0, 1, 2, 3].map((time) => expect.closeTo(time, 5)));
    const [first, , , last] = rows.map(({ path }) => readFileSync(path as string));
    expect(first?.subarray(0, 14).toString()).toBe('P6 160 90 255\n');
    expect(first?.[14]).toBeGreaterThan(200); // red
    expect(last?.[14]).toBeLessThan(50); // blue
  });

  it('remote-vectors gets a vector a second from a service that sometimes fails, and nothing the second time', async () => {
    let requests = 0;
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => {
        if (++requests % 3 === 1) response.writeHead(503).end();
        else response.end(JSON.stringify([Buffer.concat(chunks).length, Buffer.concat(chunks)[0]]));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      const out = join(directory, 'remote');
      expect(await example('remote-vectors', [url, clip, out])).toBe('1 committed, 0 dead\n');
      const { columns } = await onlyUnit(out);
      const { values } = columns[0] as (typeof columns)[number];
      expect(values[0]).toBe(32 * 32 * 3);
      expect(values[1]).toBeGreaterThan(200); // red
      expect(values[3]).toBeLessThan(50); // blue
      const before = requests;
      expect(await example('remote-vectors', [url, clip, out])).toBe('0 committed, 0 dead\n');
      expect(requests).toBe(before);
    } finally {
      server.close();
    }
  });

  it('remote-vectors, killed in the middle, asks only for the videos that are not committed yet', async () => {
    const green = join(directory, 'green.mp4');
    const frames = Array.from({ length: 40 }, () =>
      Uint8Array.from({ length: 64 * 48 * 3 }, (_, at) => (at % 3 === 1 ? 250 : 0)),
    );
    await encodeClip({ path: green, width: 64, height: 48, fps: 10, frames });
    const asked: boolean[] = [];
    let answersGreen = false;
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => {
        const [red = 0, value = 0, blue = 0] = Buffer.concat(chunks);
        const isGreen = value > red && value > blue;
        asked.push(isGreen);
        if (!isGreen || answersGreen) response.end(JSON.stringify([red, value, blue]));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      const out = join(directory, 'killed');
      const args = [
        fileURLToPath(new URL('../../dist/examples/remote-vectors.js', import.meta.url)),
        url,
        clip,
        green,
        out,
      ];
      const child = spawn(process.execPath, args, { stdio: 'ignore' });
      const ended = once(child, 'exit');
      const isHalfDone = async () => {
        if (!asked.includes(true)) return false;
        const store = await CommitStore.open(out, { create: false, readOnly: true }).catch(() => undefined);
        return (await store?.keys())?.length === 1;
      };
      while (!(await isHalfDone())) await setTimeout(20);
      child.kill('SIGKILL');
      await ended;
      server.closeAllConnections();
      [asked.length, answersGreen] = [0, true];
      expect(await example('remote-vectors', [url, clip, green, out])).toBe('1 committed, 0 dead\n');
      expect(asked).toEqual([true, true, true, true]);
    } finally {
      server.close();
    }
  });

  it('shot-boundaries finds the cut with an operator that keeps one frame, and writes a table of shots', async () => {
    const out = join(directory, 'shots');
    expect(await example('shot-boundaries', [clip, out])).toContain('1 committed, 0 dead');
    const shots = await tableOf(out, 'shots');
    expect(shots).toMatchObject([
      { item_id: 'red then blue', start: 0, end: expect.closeTo(2, 5), change: expect.closeTo(2 / 3, 1), cut: true },
      { start: expect.closeTo(2, 5), end: expect.closeTo(3.9, 5), change: 0, cut: false },
    ]);
    const [red, blue] = shots.map(({ colour }) => colour as number[]);
    expect(red).toEqual([1, 0, 0].map((value) => expect.closeTo(value, 1)));
    expect(blue).toEqual([0, 0, 1].map((value) => expect.closeTo(value, 1)));
  });

  it('tfjs-lstm learns from a training store, and says that its features are synthetic', async () => {
    const store = join(directory, 'store', 'features.items');
    const printed = await example('tfjs-lstm', [store]);
    expect(printed).toContain('synthetic features');
    const losses = [...printed.matchAll(/epoch \d: loss ([\d.]+)/g)].map(([, loss]) => Number(loss));
    expect(losses).toHaveLength(4);
    expect(losses[3]).toBeLessThan(0.5 * (losses[0] as number));
    expect(Number(/accuracy on 64 other items: ([\d.]+)/.exec(printed)?.[1])).toBeGreaterThan(0.9);
    expect(printed).toContain('buffers held now: 0 bytes');
  });
});
