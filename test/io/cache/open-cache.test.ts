import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import Database from 'libsql';
import { expect, it, onTestFinished, vi } from 'vitest';
import { SystemError } from '../../../src/core/errors.ts';
import { openUnitCache } from '../../../src/io/cache/open-cache.ts';
import type { UnitCache } from '../../../src/io/cache/unit-cache.ts';
import { sqlite } from '../../fixtures/sqlite.ts';
import { temporaryDirectory } from '../dataset/fixtures.ts';

const run = promisify(execFile);

async function opened(uri: string): Promise<UnitCache> {
  const cache = await openUnitCache(uri);
  if (cache === undefined) throw new Error('there is a cache');
  onTestFinished(() => cache.close?.());
  return cache;
}

it('none is not a cache', async () => {
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
  const [row] = sqlite(path, 'SELECT typeof(value) AS type, length(value) AS length FROM units');
  expect(row).toEqual({ type: 'blob', length: value.length });
  expect(statSync(path).size).toBeLessThan(1.02 * value.length);
});

it('has a write-ahead log', async () => {
  const path = join(await temporaryDirectory(), 'cache.sqlite');
  await opened(path);
  expect(sqlite(path, 'PRAGMA journal_mode')).toEqual([{ journal_mode: 'wal' }]);
});

it('an entry that is text is given as its bytes, for the reader to refuse', async () => {
  const path = join(await temporaryDirectory(), 'cache.sqlite');
  const cache = await opened(path);
  sqlite(path, "INSERT INTO units VALUES ('reelflow:a', 'no unit')");
  expect(Buffer.from((await cache.get('a')) ?? []).toString()).toBe('no unit');
});

it("opens a file that Keyv's adapter for SQLite has written, with all its entries", async () => {
  const path = join(await temporaryDirectory(), 'cache.sqlite');
  // The statements of @keyv/sqlite 4.0.8, without a write-ahead log.
  sqlite(path, 'CREATE TABLE IF NOT EXISTS units(key VARCHAR(255) PRIMARY KEY, value TEXT )');
  const insert = 'INSERT INTO units (key, value) VALUES(?, ?) ON CONFLICT(key) DO UPDATE SET value=excluded.value;';
  sqlite(path, insert, 'reelflow:unit:1:graph:film', Buffer.of(1, 0, 255));
  sqlite(path, insert, 'reelflow:unit:1:graph:empty', Buffer.of());
  const cache = await opened(path);
  expect(await cache.get('unit:1:graph:film')).toEqual(Uint8Array.of(1, 0, 255));
  expect(await cache.get('unit:1:graph:empty')).toEqual(new Uint8Array(0));
  await cache.set('unit:1:graph:film', Uint8Array.of(2));
  expect(sqlite(path, 'SELECT count(*) AS entries FROM units')).toEqual([{ entries: 2 }]);
  expect(await cache.get('unit:1:graph:film')).toEqual(Uint8Array.of(2));
});

it.each<[string, (path: string) => void]>([
  ['a file that is not a database', (path) => writeFileSync(path, 'ftyp'.repeat(1000))],
  ['a database that is cut off', (path) => writeCutOff(path)],
  ['a directory', (path) => mkdirSync(path)],
])('refuses %s, naming it', async (_, make) => {
  const path = join(await temporaryDirectory(), 'film.mp4');
  make(path);
  await expect(openUnitCache(path)).rejects.toThrow(
    expect.objectContaining({ name: 'SystemError', code: 'cache', message: expect.stringContaining(path) }),
  );
});

function writeCutOff(path: string): void {
  sqlite(path, 'CREATE TABLE units(key VARCHAR(255) PRIMARY KEY, value TEXT )');
  truncateSync(path, 5000);
}

it('refuses a file that this user may not write, naming it', async () => {
  const directory = await temporaryDirectory();
  const path = join(directory, 'cache.sqlite');
  await (await openUnitCache(path))?.close?.();
  chmodSync(path, 0o444);
  chmodSync(directory, 0o555);
  onTestFinished(() => chmodSync(directory, 0o755));
  const module = pathToFileURL(resolve(import.meta.dirname, '../../../dist/src/io/cache/open-cache.js')).href;
  const child = `
    const [path, module] = process.argv.slice(1);
    // Whoever may do everything becomes somebody else.
    if (process.getuid() === 0) process.setuid(65534);
    const { openUnitCache } = await import(module);
    await openUnitCache(path).catch(({ name, code, message }) => console.log(JSON.stringify({ name, code, message })));`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', child, path, module]);
  expect(JSON.parse(stdout)).toEqual({
    name: 'SystemError',
    code: 'cache',
    message: expect.stringContaining(`the cache ${path} cannot be opened: `),
  });
});

it('waits for its turn while another process writes, and the event loop continues meanwhile', async () => {
  const path = join(await temporaryDirectory(), 'cache.sqlite');
  const cache = await opened(path);
  const writer = new Database(path);
  onTestFinished(() => void writer.close());
  writer.exec('BEGIN IMMEDIATE');
  let done = false;
  const set = cache.set('a', Uint8Array.of(1)).then(() => {
    done = true;
  });
  // Turns of the event loop, which would not come while SQLite waited on this thread.
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(done).toBe(false);
  writer.exec('COMMIT');
  await set;
  expect(sqlite(path, 'SELECT key FROM units')).toEqual([{ key: 'reelflow:a' }]);
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
  expect(error).toMatchObject({ code: 'package', remedy: `Install it next to reelflow: \`npm install ${name}\`.` });
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
