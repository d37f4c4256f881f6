import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { pageFaults } from '../../scripts/check-pages.mjs';

const places: string[] = [];

/** A repository of pages by their paths. */
function repository(pages: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'reelflow-pages-'));
  places.push(root);
  for (const [path, text] of Object.entries(pages)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

afterEach(() => {
  for (const place of places.splice(0)) rmSync(place, { recursive: true });
});

describe('the pages', () => {
  it('of this repository are all linked from the index, and all their links resolve', () => {
    expect(pageFaults(resolve(import.meta.dirname, '../..'))).toEqual([]);
  });

  it('are faulty when one is linked nowhere, or twice', () => {
    const root = repository({
      'docs/README.md': '[a](a.md) and [a](a.md)',
      'docs/a.md': '# A',
      'docs/evidence/b.md': '# B',
    });
    expect(pageFaults(root)).toEqual([
      'docs/README.md links docs/a.md 2 times, not once',
      'docs/README.md links docs/evidence/b.md 0 times, not once',
    ]);
  });

  it('are faulty when a link leads to no file, or to no heading', () => {
    const root = repository({
      'README.md': '[guide](docs/gone.md), [there](docs/a.md#one-two), [here](#none), [web](https://example.org/x)',
      'docs/README.md': '[a](a.md)',
      'docs/a.md': '# One, two\n```sh\n# not a heading\n```\n[shell](#not-a-heading) `[code](gone.md)`',
    });
    expect(pageFaults(root)).toEqual([
      'README.md links docs/gone.md, which does not exist',
      'README.md links #none of README.md, which has no such heading',
      'docs/a.md links #not-a-heading of docs/a.md, which has no such heading',
    ]);
  });

  it('are faulty when they say what is never English, outside of code', () => {
    const root = repository({
      'docs/README.md': 'It has not the weights. There is no dataset. `it is no JSON`\n```text\nno good\n```',
    });
    expect(pageFaults(root)).toEqual(["docs/README.md says 'has not the'"]);
  });
});
