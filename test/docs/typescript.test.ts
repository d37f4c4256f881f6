import { readFileSync } from 'node:fs';
import { globSync } from 'tinyglobby';
import { beforeAll, describe, expect, it } from 'vitest';
import { compileBlocks } from '../fixtures/compile-blocks.ts';
import { examples } from '../fixtures/doc-comments.ts';
import { codeBlocks, pages } from '../fixtures/docs.ts';

// A reader copies these: the blocks of TypeScript of the pages, and the examples of doc comments.
// Names that a page has from somewhere else are declared in a comment `<!-- given ... -->` before
// the block, those of an example in `given-names.ts`.

const ofPages = pages()
  .flatMap(codeBlocks)
  .filter(({ language }) => language === 'ts');
const ofComments = examples();
let complaints: string[] = [];

beforeAll(() => {
  complaints = compileBlocks([...ofPages, ...ofComments]);
});

describe('TypeScript that a reader copies compiles against the built types', () => {
  it.each(pages().filter((page) => ofPages.some((block) => block.page === page)))('%s', (page) => {
    expect(complaints.filter((line) => line.startsWith(`${page}:`))).toEqual([]);
  });

  it('examples of doc comments', () => {
    expect(complaints.filter((line) => line.startsWith('src/'))).toEqual([]);
  });

  it('and so does what they are given', () => {
    expect(complaints.filter((line) => !/^(README|docs\/|src\/)/.test(line))).toEqual([]);
  });
});

it('a doc comment has code in an @example only, and each is found', () => {
  const sources = globSync('src/**/*.{ts,js}', { cwd: new URL('../..', import.meta.url) });
  const texts = sources.map((path) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8'));
  expect(texts.filter((text) => /^ *\*.*```/m.test(text))).toEqual([]);
  expect(ofComments.length).toBe(texts.join('').match(/\* @example\b/g)?.length);
});
