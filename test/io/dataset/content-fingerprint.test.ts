import { createHash } from 'node:crypto';
import { appendFile, readFile, rename, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { contentFingerprint, Fingerprints } from '../../../src/io/dataset/content-fingerprint.ts';
import { temporaryDirectory } from './fixtures.ts';

const LONG_AGO = new Date('2020-01-01');

async function settledFile(path: string, content: string): Promise<string> {
  await writeFile(path, content);
  await utimes(path, LONG_AGO, LONG_AGO);
  return createHash('sha256').update(content).digest('hex');
}

test('a fingerprint is the SHA-256 of the content', async () => {
  const path = join(await temporaryDirectory(), 'a.mp4');
  const content = 'film'.repeat(1_000_000);
  expect(await settledFile(path, content)).toBe(await contentFingerprint(path));
});

test('a file that has not changed is not read again, also under another name', async () => {
  const directory = await temporaryDirectory();
  const path = join(directory, 'a.mp4');
  const memory = join(directory, '_fingerprints.txt');
  const hash = await settledFile(path, 'film');
  expect(await (await Fingerprints.open(memory)).of(path)).toBe(hash);
  await rename(path, join(directory, 'b.mp4'));
  // The memory alone can give this answer: its hash is altered.
  await writeFile(memory, (await readFile(memory, 'utf8')).replace(hash, 'f'.repeat(64)));
  expect(await (await Fingerprints.open(memory)).of(join(directory, 'b.mp4'))).toBe('f'.repeat(64));
});

test('a file of another size or time is read again', async () => {
  const directory = await temporaryDirectory();
  const path = join(directory, 'a.mp4');
  const fingerprints = await Fingerprints.open(join(directory, '_fingerprints.txt'));
  await settledFile(path, 'film');
  await fingerprints.of(path);
  const other = await settledFile(path, 'longer film');
  expect(await fingerprints.of(path)).toBe(other);
  await writeFile(path, 'other  film');
  await utimes(path, LONG_AGO, new Date('2021-01-01'));
  expect(await fingerprints.of(path)).toBe(createHash('sha256').update('other  film').digest('hex'));
});

test('a file changed just now is not remembered: it may change again within one tick of its clock', async () => {
  const directory = await temporaryDirectory();
  const path = join(directory, 'a.mp4');
  await writeFile(path, 'film');
  await (await Fingerprints.open(join(directory, '_fingerprints.txt'))).of(path);
  await expect(readFile(join(directory, '_fingerprints.txt'))).rejects.toThrow('ENOENT');
});

test('damaged lines are skipped, and swallow no line that comes after them', async () => {
  const directory = await temporaryDirectory();
  const memory = join(directory, '_fingerprints.txt');
  const first = join(directory, 'a.mp4');
  const second = join(directory, 'b.mp4');
  const hash = await settledFile(first, 'film');
  await settledFile(second, 'other');
  await (await Fingerprints.open(memory)).of(first);
  const line = (await readFile(memory, 'utf8')).trim();
  await writeFile(memory, `\u0000\n${line.slice(0, -1)}\n12:3 4 5 ${line}\n${line.slice(0, 40)}`);
  const fingerprints = await Fingerprints.open(memory);
  expect(await fingerprints.of(first)).toBe(hash);
  await appendFile(memory, line.slice(0, 30));
  await fingerprints.of(second);
  expect((await readFile(memory, 'utf8')).split('\n')).toContain(line);
});

test('a file that is missing, or a folder, is a MediaError that names it', async () => {
  const directory = await temporaryDirectory();
  for (const path of [join(directory, 'missing.mp4'), directory]) {
    await expect(contentFingerprint(path)).rejects.toMatchObject({
      code: 'unreadable',
      message: expect.stringContaining(path),
    });
  }
});

test('what is remembered is known at once; what has changed, is missing or is not a file is not', async () => {
  const directory = await temporaryDirectory();
  const path = join(directory, 'a.mp4');
  const memory = join(directory, '_fingerprints.txt');
  const hash = await settledFile(path, 'film');
  await (await Fingerprints.open(memory)).of(path);
  const fingerprints = await Fingerprints.open(memory);
  expect(fingerprints.known(path)).toBe(hash);
  await settledFile(path, 'another film');
  expect(fingerprints.known(path)).toBeUndefined();
  expect(fingerprints.known(directory)).toBeUndefined();
  expect(fingerprints.known(join(path, 'below'))).toBeUndefined();
  expect(fingerprints.known(join(directory, 'none'))).toBeUndefined();
});
