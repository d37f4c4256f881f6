import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFile, replaceFile } from '../../src/core/atomic-file.ts';
import { ItemStoreWriter } from '../../src/io/dataset/item-store-writer.ts';
import { ParquetWriter } from '../../src/io/dataset/parquet.ts';
import { saveScenario } from '../../src/io/ratings/split-file.ts';
import { writeCheckpoint } from '../../src/models/autodiff/checkpoint.ts';

/** A directory in which nobody can make a file, not even root. */
const place = '/proc/self';
const shape = { subclips: 1, streams: [{ name: 'visual', dimension: 1 }] };
const table = {
  ...{ users: Int32Array.of(0), items: Int32Array.of(0), values: Float32Array.of(1), userIds: ['u'], itemIds: ['i'] },
};
const parquet = { rowGroupRows: 1, metadata: '', createdBy: 'a test', scalarColumns: [] };
const scenario = { kind: 'given', ratings: table, splits: [], parameters: {}, counts: {} } as never;
const checkpoint = { identity: '', progress: {}, state: [], best: [] } as never;

describe.skipIf(process.platform !== 'linux')('where no file can be made, it is said which error that is', () => {
  it.each<[string, (path: string) => unknown]>([
    ['a new file', createFile],
    ['a file that replaces another', (path) => replaceFile(path, 'text')],
    ['a training store', (path) => ItemStoreWriter.create(path, shape, {})],
    ['a table in Parquet', (path) => ParquetWriter.create(path, parquet)],
    ['a saved scenario', (path) => saveScenario(scenario, path)],
    ['a checkpoint', async (path) => writeCheckpoint(path, [], checkpoint)],
  ])('%s', async (_, write) => {
    await expect(write(join(place, 'name'))).rejects.toMatchObject({
      name: 'SystemError',
      code: 'not-writable',
      message: expect.stringContaining(place),
    });
  });
});
