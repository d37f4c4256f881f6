import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { UsageError } from '../../../src/core/errors.ts';
import { temporaryDirectory } from './fixtures.ts';
import { PACKED } from './packed-arrow.ts';
import { duckdb, expectedRows, fixedBatches, ipc, put, readVectors, writeParquet } from './tables.ts';

/** A small repeatable random source. */
function randomSource(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

/** A whole file of each format. */
async function wholeFiles(directory: string): Promise<Record<string, Uint8Array>> {
  const ours = join(directory, 'ours.parquet');
  await writeParquet(ours, fixedBatches(60, 8, 20, [7]), 25);
  const ducks = join(directory, 'ducks.parquet');
  await duckdb(
    `copy (select n::int as n, [n::float, 2, 3] as visual from range(200) t(n)) to '${ducks}' (codec uncompressed)`,
  );
  return {
    ours: await readFile(ours),
    ducks: await readFile(ducks),
    file: ipc(fixedBatches(60, 8, 20, [7]), 'file'),
    stream: ipc(fixedBatches(60, 8, 20, [7]), 'stream'),
  };
}

describe('a damaged table', () => {
  test('that is cut off anywhere is a typed error that names the file', async () => {
    const directory = await temporaryDirectory();
    for (const [name, bytes] of Object.entries(await wholeFiles(directory))) {
      for (const share of [0, 0.001, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 0.999]) {
        const path = await put(join(directory, `cut-${name}`), bytes.subarray(0, Math.floor(bytes.length * share)));
        const failure = await readVectors(path).catch((error: unknown) => error);
        expect(failure, `${name} ${share}`).toBeInstanceOf(UsageError);
        expect(failure).toMatchObject({ code: 'dataset', message: expect.stringContaining(path), remedy: /./ });
      }
      const short = await put(join(directory, `cut-${name}`), bytes.subarray(0, bytes.length - 1));
      await expect(readVectors(short), name).rejects.toBeInstanceOf(UsageError);
    }
  });

  test('whose bytes are flipped is read or a typed error, and whole files are read after it', async () => {
    const directory = await temporaryDirectory();
    const random = randomSource(20);
    for (const [name, bytes] of Object.entries(await wholeFiles(directory))) {
      let refused = 0;
      for (let attempt = 0; attempt < 16; attempt += 1) {
        const damaged = Uint8Array.from(bytes);
        // Most of the damage goes where lengths and offsets stand: the last part of a file, the
        // first of a stream.
        const span = attempt % 4 === 0 ? bytes.length : Math.min(bytes.length, 900);
        const start = name === 'stream' ? 0 : bytes.length - span;
        for (let count = 0; count < 1 + (attempt % 5); count += 1) {
          damaged[start + Math.floor(random() * span)] = Math.floor(random() * 256);
        }
        const path = await put(join(directory, `flipped-${name}`), damaged);
        const failure = await readVectors(path).then(
          () => undefined,
          (error: unknown) => error,
        );
        if (failure !== undefined) {
          expect(failure, `${name} ${attempt}`).toBeInstanceOf(UsageError);
          expect((failure as UsageError).message).toContain(path);
          refused += 1;
        }
      }
      expect(refused, name).toBeGreaterThan(2);
    }
    const whole = join(directory, 'whole.parquet');
    await writeParquet(whole, fixedBatches(9, 2));
    expect((await readVectors(whole)).rows).toEqual(expectedRows(whole, 9, 2));
  });

  test('that is of another kind is refused by its first bytes', async () => {
    const directory = await temporaryDirectory();
    for (const text of [
      '',
      'x',
      'id,visual\n1,2\n',
      'FEA1 and so on',
      'PAR1',
      'PAR1PAR1PAR1',
      'ARROW1\0\0ARROW1',
      '\xff\xff\xff\xff',
    ]) {
      const path = await put(join(directory, 'other'), Buffer.from(text, 'latin1'));
      await expect(readVectors(path), text).rejects.toMatchObject({
        code: 'dataset',
        message: expect.stringContaining(path),
      });
    }
    const encrypted = await put(join(directory, 'other'), Buffer.from('PAR1............PARE'));
    await expect(readVectors(encrypted)).rejects.toThrow(/encrypted/);
  });

  test.each(Object.keys(PACKED))('that is Arrow packed inside (%s) is read or a typed error', async (name) => {
    const directory = await temporaryDirectory();
    const bytes = Buffer.from(PACKED[name] as string, 'base64');
    const random = randomSource(7);
    let refused = 0;
    for (let attempt = 0; attempt < 60; attempt += 1) {
      const damaged = Uint8Array.from(bytes);
      for (let count = 0; count < 1 + (attempt % 3); count += 1) {
        damaged[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      }
      const path = await put(join(directory, 'flipped'), damaged);
      const failure = await readVectors(path).catch((error: unknown) => error);
      if (!(failure instanceof Error)) continue;
      expect(failure).toBeInstanceOf(UsageError);
      expect(failure.message).toContain(path);
      refused += 1;
    }
    expect(refused).toBeGreaterThan(5);
  });

  test('whose stream has no end marker is taken for cut off, not for whole', async () => {
    const directory = await temporaryDirectory();
    const bytes = ipc(fixedBatches(10, 2), 'stream');
    const path = await put(join(directory, 'cut'), bytes.subarray(0, bytes.length - 8));
    await expect(readVectors(path)).rejects.toThrow(/without its end marker/);
  });
});
