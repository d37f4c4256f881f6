import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { eachLine, readLineBlocks } from '../../src/core/line-blocks.ts';

const directory = mkdtempSync(join(tmpdir(), 'reelflow-lines-'));
const path = join(directory, 'lines.txt');
afterAll(() => rmSync(directory, { recursive: true }));

const texts = fc
  .array(fc.string({ unit: fc.constantFrom('a', '\r', 'ä', '\n', '\0'), maxLength: 40 }))
  .map((parts) => parts.join('\n'));

/** Bytes of a line with its end, which the last one may lack. */
const lengthWithEnd = (line: string) => line.length + (line.endsWith('\n') ? 0 : 1);

test('blocks are whole lines, one after another, whatever their size; what is longer than a block is skipped', async () => {
  await fc.assert(
    fc.asyncProperty(texts, fc.integer({ min: 1, max: 30 }), async (text, blockBytes) => {
      writeFileSync(path, text);
      const taken: Buffer[] = [];
      let tooLong = 0;
      const end = await readLineBlocks(
        path,
        { take: (bytes, until) => taken.push(Buffer.from(bytes.subarray(0, until))), tooLong: () => (tooLong += 1) },
        { blockBytes },
      );
      expect(end).toBe(Buffer.byteLength(text));
      const lines =
        Buffer.from(text)
          .toString('latin1')
          .match(/[^\n]*\n|[^\n]+$/g) ?? [];
      const [short, long] = [true, false].map((fits) =>
        lines.filter((line) => lengthWithEnd(line) <= blockBytes === fits),
      );
      expect(Buffer.concat(taken).toString('latin1')).toBe(short?.join(''));
      expect(tooLong).toBe(long?.length);
    }),
  );
});

test('lines of an append-only file are given once each, a last one only when it has an end, from where the last reading ended', async () => {
  const long = 'x'.repeat(700_000);
  writeFileSync(path, `one\n\n${long}\nthr`);
  const lines: string[] = [];
  const take = (bytes: Buffer, start: number, end: number) => void lines.push(bytes.toString('utf8', start, end));
  const end = await eachLine(path, 0, take);
  expect(lines).toEqual(['one', '', long]);
  writeFileSync(path, 'ee\n', { flag: 'a' });
  expect(await eachLine(path, end, take)).toBe(end + 6);
  expect(lines.at(-1)).toBe('three');
});

test('a file that is missing has no lines', async () => {
  expect(await eachLine(join(directory, 'missing'), 5, () => expect.unreachable())).toBe(5);
});
