import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { codeBlocks, pages } from '../fixtures/docs.ts';

// What the page asserts is so: its blocks are run as they stand, but for those that need videos.

const root = resolve(import.meta.dirname, '../..');
const blocks = pages()
  .flatMap(codeBlocks)
  .filter(({ page, language, code }) => page.endsWith('testing.md') && language === 'ts' && code.includes('assert'));
const place = mkdtempSync(join(tmpdir(), 'reelflow-testing-page-'));

beforeAll(() => {
  symlinkSync(join(root, 'node_modules'), join(place, 'node_modules'));
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

it('the page has blocks that assert something', () => {
  expect(blocks.length).toBe(3);
});

it.each(blocks.map(({ code, line }) => [line, code] as const))('the block at line %i holds', async (line, code) => {
  const own = code
    .replaceAll(/'reelflow'/g, `'${join(root, 'src/index.ts')}'`)
    .replaceAll(/'reelflow\/testing'/g, `'${join(root, 'src/entries/testing.ts')}'`);
  const file = join(place, `block-${line}.ts`);
  writeFileSync(file, own);
  await import(file);
});
