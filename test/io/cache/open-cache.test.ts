import { execFile } from 'node:child_process';
import { statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import KeyvSqlite from '@keyv/sqlite';
import { expect, it, onTestFinished, vi } from 'vitest';
import { SystemError } from '../../../src/core/errors.ts';
import { openUnitCache } from '../../../src/io/cache/open-cache.ts';
import type { UnitCache } from '../../../src/io/cache/unit-cache.ts';
import { temporaryDirectory } from '../dataset/fixtures.ts';

const run = promisify(execFile);

async function opened(uri: string): Promise<UnitCache> {
  const cache = await openUnitCache(uri);
  if (cache === undefined) throw new Error('there is a cache');
  onTestFinished(() => cache.close?.());
  return cache;
}

/** Rows of a query of the cache's file. */
async function query(path: string, sql: string): Promise<Record<string, unknown>[]> {
  const store = new KeyvSqlite({ uri: `sqlite://${path}`, busyTimeout: 5000, table: 'units' });
  try {
    return await store.query(sql);
  } finally {
    await store.disconnect();
  }
}

it('none is no cache', async () => {
  expect(await openUnitCache('none')).toBeUndefined();
});

it('gives back the bytes last set, after it was closed and opened again, in a directory that it makes', async () => {
  const path = join(await temporaryDirectory(), 'new', 'cache.sqlite');
  const first = await openUnitCache(path);
  expect(await first?.get('a')).toBeUndefined();
  await first?.set('a', Uint8Array.of(1, 2, 3));
  await first?.set('a', Uint8Array.of(4, 0, 255, 128));
  await first?.close?.();
  const second = await opened(`sqlite://${path}`);
  expect([...((await second.get('a')) ?? [])]).toEqual([4, 0, 255, 128]);
  expect(await second.get('b')).toBeUndefined();
});

it('keeps a value as its own bytes: no text, no base64', async () => {
  const path = join(await temporaryDirectory(), 'cache.sqlite');
  const cache = await openUnitCache(path);
  const value = new Uint8Array(1_600_000).map((_, index) => index * 31);
  await cache?.set('a', value);
  await cache?.close?.();
  const [row] = await query(path, 'SELECT typeof(value) AS type, length(value) AS length FROM units');
  expect(row).toEqual({ type: 'blob', length: value.length });
  expect(statSync(path).size).toBeLessThan(1.02 * value.length);
});

it('has a write-ahead log', async () => {
  const path = join(await temporaryDirectory(), 'cache.sqlite');
  await opened(path);
  expect(await query(path, 'PRAGMA journal_mode')).toEqual([{ journal_mode: 'wal' }]);
});

it('an entry that is text is given as its bytes, for the reader to refuse', async () => {
  const path = join(await temporaryDirectory(), 'cache.sqlite');
  const cache = await opened(path);
  await query(path, "INSERT INTO units VALUES ('reelflow:a', 'no unit')");
  expect(Buffer.from((await cache.get('a')) ?? []).toString()).toBe('no unit');
});

it('refuses a file that is no database, naming it', async () => {
  const path = join(await temporaryDirectory(), 'film.mp4');
  writeFileSync(path, 'ftyp'.repeat(1000));
  await expect(openUnitCache(path)).rejects.toThrow(
    expect.objectContaining({ name: 'SystemError', code: 'cache', message: expect.stringContaining(path) }),
  );
});

it.each([
  ['redis://:secret@localhost:1', '@keyv/redis'],
  ['postgresql://user:secret@localhost:1/db', 'pg'],
])('names the package that %s needs, and not the password', async (uri, name) => {
  vi.doMock(name, () => {
    throw new Error(`Cannot find package '${name}'`);
  });
  onTestFinished(() => vi.doUnmock(name));
  const error: unknown = await openUnitCache(uri).catch((refusal: unknown) => refusal);
  expect(error).toBeInstanceOf(SystemError);
  expect(error).toMatchObject({ code: 'cache', remedy: expect.stringContaining(`npm install ${name}`) });
  expect(String(error)).not.toContain('secret');
});

it('several processes make the file and write to it at once, without an error, and all is there', async () => {
  const directory = await temporaryDirectory();
  const path = join(directory, 'cache.sqlite');
  const module = pathToFileURL(resolve(import.meta.dirname, '../../../dist/src/io/cache/open-cache.js')).href;
  const child = `
    const [path, module, name] = process.argv.slice(1);
    const { openUnitCache } = await import(module);
    const cache = await openUnitCache(path);
    for (let index = 0; index < 40; index += 1) {
      await cache.set(name + index, new Uint8Array(50_000).fill(index));
      await cache.set('shared' + index, new Uint8Array(50_000).fill(index));
      if ((await cache.get('shared' + (index >> 1)))?.[0] !== index >> 1) throw new Error('not there');
    }
    await cache.close();`;
  const children = ['a', 'b', 'c', 'd'].map((name) =>
    run(process.execPath, ['--input-type=module', '--eval', child, path, module, name]),
  );
  for (const { stderr } of await Promise.all(children)) expect(stderr).toBe('');
  const cache = await opened(path);
  for (const name of ['a', 'b', 'c', 'd', 'shared']) {
    for (let index = 0; index < 40; index += 1) {
      const bytes = await cache.get(`${name}${index}`);
      expect(bytes?.length).toBe(50_000);
      expect(bytes?.every((byte) => byte === index)).toBe(true);
    }
  }
});
