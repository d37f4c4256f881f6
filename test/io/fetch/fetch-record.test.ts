import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { lockDirectory } from '../../../src/io/fetch/directory-lock.ts';
import { type FetchRecord, FetchRecords, recordKey } from '../../../src/io/fetch/fetch-record.ts';

const directory = mkdtempSync(join(tmpdir(), 'reelflow-record-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** The name of a temporary file of a process that is dead: larger than any process id. */
const dead = `.tmp-${hostname().replace(/[^A-Za-z0-9.-]/g, '-')}~4999999~1~00`;
const time = '2026-01-01T00:00:00.000Z';
const common = { movieIds: ['1'], attempts: 1, time };

describe('records of fetching', () => {
  it('are read back as they were written, one for each id, the last one counting', async () => {
    const place = join(directory, 'records');
    const records = await FetchRecords.read(place);
    const failed: FetchRecord = { state: 'failed', id: 'b', reason: 'exit', message: 'm', output: ['x'], ...common };
    const fetched: FetchRecord = { state: 'fetched', id: 'b', file: 'b.mp4', bytes: 3, ...common };
    const odd: FetchRecord = { ...failed, id: '../a\n"', reason: 'bad-id' };
    for (const record of [failed, odd, fetched]) await records.put(record);
    const again = await FetchRecords.read(place);
    expect(again.all()).toEqual([odd, fetched]);
    expect(again.damaged).toEqual([]);
    expect(records.get('b')).toEqual(fetched);
  });

  it('tell ids apart that differ by case alone, also where file names do not', () => {
    expect(recordKey('abc').toLowerCase()).not.toBe(recordKey('ABC').toLowerCase());
  });

  it.each([
    ['cut off', '{"state":"fetched","id":"a"'],
    ['null', 'null'],
    ['of a file elsewhere', JSON.stringify({ state: 'fetched', id: 'a', file: '../a.mp4', bytes: 1, ...common })],
    ['without movies', JSON.stringify({ state: 'fetched', id: 'a', file: 'a.mp4', bytes: 1, attempts: 1 })],
    ['of another state', JSON.stringify({ state: 'lost', id: 'a', file: 'a.mp4', bytes: 1, ...common })],
  ])('are said to be damaged when they are %s', async (_, text) => {
    const place = mkdtempSync(join(directory, 'damaged-'));
    mkdirSync(join(place, '00'));
    const name = `${recordKey('a')}.json`;
    writeFileSync(join(place, '00', name), text);
    const records = await FetchRecords.read(place);
    expect(records.damaged).toEqual([join(place, '00', name)]);
    expect(records.all()).toEqual([]);
  });

  it('are told from what else may lie among them', async () => {
    const place = mkdtempSync(join(directory, 'among-'));
    const records = await FetchRecords.read(place);
    await records.put({ state: 'fetched', id: 'a', file: 'a.mp4', bytes: 3, ...common });
    const shard = join(place, recordKey('a').slice(0, 2));
    for (const folder of [place, shard]) writeFileSync(join(folder, '.DS_Store'), 'x');
    writeFileSync(join(place, 'ff'), 'x');
    mkdirSync(join(shard, `${recordKey('b')}.json`));
    const again = await FetchRecords.read(place);
    expect(again.all()).toEqual(records.all());
    expect(again.damaged).toEqual([join(shard, `${recordKey('b')}.json`)]);
    await again.clean();
  });

  it('are cleaned of what dead processes left half-written', async () => {
    const place = mkdtempSync(join(directory, 'left-'));
    mkdirSync(join(place, '00'));
    writeFileSync(join(place, '00', dead), '{"sta');
    const records = await FetchRecords.read(place);
    expect(records.damaged).toEqual([]);
    await records.clean();
    expect(readdirSync(join(place, '00'))).toEqual([]);
  });
});

describe('the lock of a directory', () => {
  it('is held by one at a time, and free again afterwards', async () => {
    const place = join(directory, 'lock');
    const unlock = await lockDirectory(place);
    await expect(lockDirectory(place)).rejects.toMatchObject({ code: 'in-use' });
    await unlock();
    await (await lockDirectory(place))();
    expect(readdirSync(place)).toEqual([]);
  });

  it('is not held by the dead of this machine, and is by whoever came from another', async () => {
    const place = mkdtempSync(join(directory, 'stale-'));
    writeFileSync(join(place, dead), '');
    await (await lockDirectory(place))();
    writeFileSync(join(place, '.tmp-another-machine~1~1~00'), '');
    await expect(lockDirectory(place)).rejects.toThrow('.tmp-another-machine~1~1~00');
  });
});
