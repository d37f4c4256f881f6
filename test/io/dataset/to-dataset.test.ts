import { statSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { concat, from, map, merge, Observable, of, throwError } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { FlowError, MediaError, UsageError } from '../../../src/core/errors.ts';
import { CommitStore } from '../../../src/io/dataset/commit-store.ts';
import { readDatasetFile } from '../../../src/io/dataset/dataset-file.ts';
import { toDataset, type Unit, unit } from '../../../src/io/dataset/to-dataset.ts';
import { type SubclipRow, subclips } from '../../../src/operators/subclips.ts';
import { temporaryDirectory } from './fixtures.ts';

const params = { look: 'grey', count: 2 };

/** Two streams of one clip, summarised and merged as in a dataflow of a user. */
function rowsOf(id: string): Observable<SubclipRow> {
  const clip = { id, duration: 4 };
  const shots = from([0, 1, 2, 3]).pipe(map((time) => ({ time, vector: [time, id.length] })));
  return merge(
    shots.pipe(subclips(clip, { name: 'visual', count: 2, statistic: 'medmad' })),
    shots.pipe(subclips(clip, { name: 'colour', count: 2, statistic: 'mean' })),
  );
}

function countingUnits(ids: readonly string[]): { units: Unit[]; begun: string[] } {
  const begun: string[] = [];
  const units = ids.map((id) =>
    unit({ id }, () => {
      begun.push(id);
      return rowsOf(id);
    }),
  );
  return { units, begun };
}

describe('toDataset', () => {
  test('commits each unit when its streams have completed, joined into one row for each subclip', async () => {
    const directory = await temporaryDirectory();
    const { units } = countingUnits(['heat', 'alien', 'jaws']);
    const summary = await toDataset(from(units), directory, { params, concurrency: 2 });
    expect(summary).toMatchObject({ committed: 3, alreadyDone: 0, dead: [] });
    expect(summary.tables.map(({ path, rows }) => [path, rows])).toEqual([
      ['subclips=2/aggregate=mean', 6],
      ['subclips=2/aggregate=medmad', 6],
    ]);
    expect(readDatasetFile(directory)).toMatchObject({ name: 'custom', params, counts: { videos: 3, frames: 12 } });
    const store = await CommitStore.open(directory);
    for (const key of store.keys()) {
      const table = await store.read(key);
      expect(table.columns.map(({ stream, statistic }) => `${stream} ${statistic}`)).toEqual([
        'visual medmad',
        'colour mean',
      ]);
      expect([...(table.columns[1]?.values ?? [])]).toEqual([0.5, table.itemId.length, 2.5, table.itemId.length]);
      expect([...table.frames]).toEqual([2, 2]);
    }
  });

  test('computes only what is missing when it is called again', async () => {
    const directory = await temporaryDirectory();
    await toDataset(countingUnits(['heat', 'alien']).units, directory, { params });
    const { units, begun } = countingUnits(['heat', 'jaws', 'alien']);
    expect(await toDataset(units, directory, { params })).toMatchObject({ committed: 1, alreadyDone: 2 });
    expect(begun).toEqual(['jaws']);
  });

  test('computes a unit anew when its file has changed', async () => {
    const directory = await temporaryDirectory();
    const path = join(directory, 'heat.mp4');
    const out = join(directory, 'features');
    for (const content of ['first cut', 'final cut']) {
      await writeFile(path, content);
      const summary = await toDataset([unit({ id: 'heat', path }, () => rowsOf('heat'))], out, { params });
      expect(summary).toMatchObject({ committed: 1, alreadyDone: 0 });
      expect(summary.tables[0]?.items).toBe(1);
    }
  });

  test('buries a unit that fails, with its reason, and goes on', async () => {
    const directory = await temporaryDirectory();
    const { units } = countingUnits(['alien']);
    const cut = () =>
      concat(
        rowsOf('cut'),
        throwError(() => new MediaError('truncated', 'ends early', { decoderLines: ['moov'] })),
      );
    const disorder = () =>
      of({ time: 1, vector: [1] }, { time: 0, vector: [1] }).pipe(
        subclips({ duration: 1 }, { name: 'x', count: 1, statistic: 'mean' }),
      );
    const gone = unit({ id: 'gone', path: join(directory, 'gone.mp4') }, () => rowsOf('gone'));
    const all = [unit({ id: 'cut' }, cut), unit({ id: 'disorder' }, disorder), gone, ...units];
    const out = join(directory, 'features');
    const first = await toDataset(all, out, { params });
    expect(first.committed).toBe(1);
    expect(first.dead.map(({ item, code, stage }) => [item, code, stage])).toEqual([
      ['cut', 'truncated', 'rows'],
      ['disorder', 'order', 'rows'],
      ['gone', 'unreadable', 'read'],
    ]);
    const again = await toDataset(all, out, { params });
    expect(again).toMatchObject({ committed: 0, alreadyDone: 1 });
    expect(again.dead).toHaveLength(3);
    expect(again.dead[0]).toMatchObject({ item: 'cut', attempts: 1, decoderLines: ['moov'] });
  });

  test('ends with what would meet every unit, and keeps what is committed', async () => {
    const directory = await temporaryDirectory();
    const { units } = countingUnits(['heat']);
    const refused = Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO', syscall: 'read', errno: -5 });
    const broken = unit({ id: 'broken' }, () => throwError(() => refused));
    const aborted = unit({ id: 'aborted' }, () => throwError(() => new FlowError('aborted', 'stopped')));
    for (const faulty of [broken, aborted]) {
      await expect(toDataset([...units, faulty], directory, { params })).rejects.toThrow(/EIO|stopped/);
    }
    expect(readDatasetFile(directory).counts).toMatchObject({ videos: 1, dead: 0 });
  });

  test('a fault of the program in one unit is its own letter, and tried again by the next call', async () => {
    const directory = await temporaryDirectory();
    const { units } = countingUnits(['heat', 'alien']);
    const broken = unit({ id: 'broken' }, () => throwError(() => new TypeError('x is undefined')));
    const { committed, dead } = await toDataset([broken, ...units], directory, { params });
    expect(committed).toBe(2);
    expect(dead.map(({ item, code, message }) => [item, code, message])).toEqual([
      ['broken', 'internal', 'x is undefined'],
    ]);
    const mended = unit({ id: 'broken' }, () => rowsOf('broken'));
    expect(await toDataset([mended, ...units], directory, { params })).toMatchObject({
      ...{ committed: 1, alreadyDone: 2, dead: [] },
      tables: [{ items: 3 }, { items: 3 }],
    });
    expect(readDatasetFile(directory).counts).toMatchObject({ videos: 3, dead: 0 });
  });

  test('a budget that was too small is no lasting verdict', async () => {
    const directory = await temporaryDirectory();
    const small = unit({ id: 'heat' }, () => throwError(() => new FlowError('budget-too-small', 'needs more')));
    expect((await toDataset([small], directory, { params })).dead).toHaveLength(1);
    expect(await toDataset(countingUnits(['heat']).units, directory, { params })).toMatchObject({
      ...{ committed: 1, dead: [] },
    });
  });

  test('what was said of a file while it could not be read is past when it can', async () => {
    const directory = await temporaryDirectory();
    const path = join(directory, 'late.mp4');
    const out = join(directory, 'features');
    const late = unit({ id: 'late', path }, () => rowsOf('late'));
    expect((await toDataset([late], out, { params })).dead).toMatchObject([{ code: 'unreadable' }]);
    await writeFile(path, 'it has come');
    expect((await toDataset([late], out, { params })).dead).toEqual([]);
    expect(readDatasetFile(out).counts).toMatchObject({ videos: 1, dead: 0 });
  });

  test('rows of a file that changed while they were made are not committed under its first content', async () => {
    const directory = await temporaryDirectory();
    const path = join(directory, 'growing.mp4');
    const out = join(directory, 'features');
    await writeFile(path, 'half');
    const growing = unit({ id: 'growing', path }, () => {
      writeFileSync(path, 'the whole of it');
      return rowsOf('growing');
    });
    expect(await toDataset([growing], out, { params })).toMatchObject({ committed: 0, dead: [{ code: 'unreadable' }] });
    expect(await toDataset([growing], out, { params })).toMatchObject({ committed: 1, dead: [] });
  });

  test('writes the tables only when there is anything new', async () => {
    const directory = await temporaryDirectory();
    const { units } = countingUnits(['heat', 'alien']);
    const first = await toDataset(units, directory, { params });
    const part = join(directory, first.tables[0]?.path ?? '', 'part-00000.parquet');
    const { ino } = statSync(part);
    expect((await toDataset(units, directory, { params })).tables).toEqual(first.tables);
    expect(statSync(part).ino).toBe(ino);
    await toDataset([...units, ...countingUnits(['jaws']).units], directory, { params });
    expect(statSync(part).ino).not.toBe(ino);
  });

  test('stops the rows of the other units when one ends the call', async () => {
    let stopped = false;
    const endless = unit(
      { id: 'endless' },
      () =>
        new Observable<SubclipRow>(() => () => {
          stopped = true;
        }),
    );
    const aborted = unit({ id: 'aborted' }, () => throwError(() => new FlowError('aborted', 'stopped')));
    const call = toDataset([endless, aborted], await temporaryDirectory(), { concurrency: 2 });
    await expect(call).rejects.toThrow('stopped');
    expect(stopped).toBe(true);
  });

  test('works on no more units at a time than it is told', async () => {
    let now = 0;
    let most = 0;
    const units = Array.from({ length: 9 }, (_, index) =>
      unit(
        { id: `clip-${index}` },
        () =>
          new Observable<SubclipRow>((subscriber) => {
            now += 1;
            most = Math.max(most, now);
            setTimeout(() => subscriber.complete(), 2);
            return () => {
              now -= 1;
            };
          }),
      ),
    );
    await toDataset(units, await temporaryDirectory(), { concurrency: 3, compact: false });
    expect(most).toBe(3);
    expect(now).toBe(0);
  });

  test('refuses other parameters in one directory, two units of one id, and no id', async () => {
    const directory = await temporaryDirectory();
    const { units } = countingUnits(['heat']);
    await toDataset(units, directory, { params });
    await expect(toDataset(units, directory, { params: { ...params, count: 3 } })).rejects.toThrow(
      'count is 2 there and 3 now',
    );
    await expect(toDataset([...units, ...units], directory, { params })).rejects.toThrow(
      "two units have the id 'heat'",
    );
    await expect(toDataset(units, directory, { params: { f: () => 1 } })).rejects.toThrow(UsageError);
    expect(() => unit({ id: '' }, () => rowsOf(''))).toThrow(UsageError);
  });
});
