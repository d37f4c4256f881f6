import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { writeManifest } from '../../../src/io/fetch/manifest.ts';

const directory = mkdtempSync(join(tmpdir(), 'reelflow-manifest-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

it('writes a manifest that any CSV reader reads back, whatever the movie ids are', async () => {
  const movieIds = fc.array(fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', ' ', 'é'), minLength: 1 }));
  await fc.assert(
    fc.asyncProperty(fc.array(movieIds, { maxLength: 5 }), async (lists) => {
      const common = { state: 'fetched', bytes: 1, attempts: 1, time: '' } as const;
      const records = lists.map((ids, index) => ({
        ...common,
        ...{ id: `i${index}`, file: `i${index}.mp4`, movieIds: ids },
      }));
      const rows = parse(await readFile(await writeManifest(directory, records)), { columns: true });
      expect(rows).toEqual(
        records.map(({ id, file, movieIds: ids }) => ({ path: file, item_id: id, movie_ids: ids.join('|') })),
      );
      expect(readdirSync(directory)).toEqual(['manifest.csv']);
    }),
    { numRuns: 30 },
  );
});
