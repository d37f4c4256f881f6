import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ITEM_STATES } from '../../src/io/dataset/item-facts.ts';
import { Items } from '../../src/io/dataset/items.ts';
import { datasetStatus } from '../../src/io/dataset/status.ts';
import { LengthRun } from '../fixtures/length-run.ts';

describe('what a dataset knows of its items', () => {
  it('is where each file is, its content, its unit, what its media are, when and by what', async () => {
    const place = new LengthRun();
    const path = place.write('films/heat.mp4', 'heat');
    await place.run({ inputs: [place.path('films')] });
    expect(await place.item('heat')).toEqual({
      ...{ id: 'heat', state: 'committed', path, source: place.path('films') },
      hash: createHash('sha256').update('heat').digest('hex'),
      unit: expect.stringMatching(/^[0-9a-f]{64}$/),
      ...{ duration: 2, fps: 25, width: 64, height: 36, streams: 'video h264' },
      when: expect.stringMatching(/^20.*Z$/),
      version: expect.stringMatching(/^reelflow \d/),
    });
    expect(existsSync(join(place.out, '_items.arrow'))).toBe(true);
    expect(existsSync(join(place.out, '_journal.txt'))).toBe(false);
  });

  it('is the state of every one: committed, dead with a code, skipped, waiting, superseded, gone', async () => {
    const place = new LengthRun();
    for (const [name, content] of Object.entries({
      alien: 'alien',
      heat: 'broken',
      jaws: 'x'.repeat(2000),
      psycho: 'psych',
    })) {
      place.write(`films/${name}.mp4`, content);
    }
    const inputs = [place.path('films')];
    await place.run({ inputs, drainAfter: 3, compact: false });
    expect(await place.states()).toEqual({
      ...{ alien: 'committed', heat: 'dead truncated', jaws: 'skipped too long', psycho: 'waiting' },
    });
    expect((await place.run({ inputs })).left).toBe(0);
    place.write('films/alien.mp4', 'broken', 1_000_000_001);
    rmSync(place.path('films/psycho.mp4'));
    const told = { added: 0, gone: ['psycho'], renamed: [], superseded: ['alien'], left: 0 };
    expect(await place.run({ inputs })).toEqual(told);
    // As on every further night.
    expect(await place.run({ inputs })).toEqual(told);
    expect(await place.states()).toEqual({
      ...{ alien: 'superseded truncated', heat: 'dead truncated', jaws: 'skipped too long', psycho: 'gone' },
    });
    const status = await datasetStatus(place.out);
    expect(Object.keys(status.items)).toEqual([...ITEM_STATES]);
    expect(status).toMatchObject({
      items: { committed: 0, dead: 1, superseded: 1, skipped: 1, gone: 1, waiting: 0 },
      codes: { truncated: 2 },
      tablesAreCurrent: true,
      tables: [{ path: 'subclips=1/aggregate=mean', items: 2, written: expect.stringMatching(/^20/) }],
    });
    place.write('films/alien.mp4', 'alien is whole again', 1_000_000_002);
    place.write('films/psycho.mp4', 'psych');
    expect((await place.run({ inputs })).superseded).toEqual([]);
    expect(await place.states()).toMatchObject({ alien: 'committed', psycho: 'committed' });
  });

  it('is made up again where the table of items is gone or damaged, and of what has no rows in it', async () => {
    const place = new LengthRun();
    for (const name of ['alien', 'heat']) place.write(`films/${name}.mp4`, name);
    place.write('films/jaws.mp4', 'broken');
    await place.run({ inputs: [place.path('films')] });
    const whole = await place.item('alien');
    const table = join(place.out, '_items.arrow');
    for (const damage of [
      () => rmSync(table),
      () => truncateSync(table, 200),
      () => writeFileSync(table, 'no table'),
    ]) {
      damage();
      const expected = { alien: 'committed', heat: 'committed', jaws: 'dead truncated' };
      expect(await place.states()).toEqual(expected);
      const made = await place.item('alien');
      expect(made).toMatchObject({ unit: whole?.unit, duration: 2 });
      expect(made?.path).toBeUndefined();
      await place.run({ inputs: [place.path('films')] });
      expect(await place.states()).toEqual(expected);
      expect(await place.item('alien')).toMatchObject({ unit: whole?.unit, path: whole?.path, hash: whole?.hash });
    }
  });

  it('of a run that was killed is in the journal, whatever was cut off of its last line', async () => {
    const place = new LengthRun();
    place.write('films/heat.mp4', 'heat');
    await place.run({ inputs: [place.path('films')] });
    const known = await place.item('heat');
    const killed = await Items.open(place.out);
    killed.note('heat', { path: '/elsewhere/heat.mp4' });
    killed.note('jaws', { path: '/elsewhere/jaws.mp4', state: 'waiting' });
    await killed.flush();
    appendFileSync(join(place.out, '_journal.txt'), '\n0badf00d ["heat",{"path":"/no');
    expect(await place.item('heat')).toEqual({ ...known, path: '/elsewhere/heat.mp4' });
    expect(await place.states()).toEqual({ heat: 'committed', jaws: 'waiting' });
  });

  it('has every change, also those that come while others are written', async () => {
    const place = new LengthRun();
    place.write('films/heat.mp4', 'heat');
    await place.run({ inputs: [place.path('films')] });
    const items = await Items.open(place.out);
    for (let index = 0; index < 2000; index += 1) {
      items.note(`item-${index}`, { state: 'waiting', path: `/films/${index}.mp4` });
      if (index % 100 === 0) await nextTurn();
    }
    await items.flush();
    const read = await Items.open(place.out);
    expect([...read.ids()]).toHaveLength(2001);
    for (const index of [0, 255, 256, 257, 1999]) expect(read.get(`item-${index}`)?.path).toBe(`/films/${index}.mp4`);
  });

  it('keeps what was known of the media when another process only finds the item done', async () => {
    const place = new LengthRun();
    place.write('films/heat.mp4', 'heat');
    await place.run({ inputs: [place.path('films')] });
    renameSync(place.path('films'), place.path('moved'));
    await place.run({ inputs: [place.path('moved')] });
    expect(await place.item('heat')).toMatchObject({ path: place.path('moved/heat.mp4'), fps: 25, width: 64 });
  });
});

describe('an item that is not an input any more', () => {
  it('is told by a run over all that it was found in, with the one it was renamed to, and stays in the tables', async () => {
    const place = new LengthRun();
    for (const name of ['alien', 'heat', 'jaws']) place.write(`films/${name}.mp4`, name);
    const inputs = [place.path('films')];
    expect(await place.run({ inputs })).toEqual({ added: 3, gone: [], renamed: [], superseded: [], left: 0 });
    renameSync(place.path('films/heat.mp4'), place.path('films/heat-1995.mp4'));
    rmSync(place.path('films/jaws.mp4'));
    const told = {
      added: 1,
      gone: ['heat', 'jaws'],
      renamed: [{ from: 'heat', to: 'heat-1995' }],
      superseded: [],
      left: 0,
    };
    expect(await place.run({ inputs })).toEqual(told);
    expect(await place.rows()).toEqual({ alien: 5, heat: 4, 'heat-1995': 4, jaws: 4 });
    // Told again as long as it is in the dataset; a rename only by the run that finds it.
    expect(await place.run({ inputs })).toEqual({ ...told, added: 0, renamed: [] });
  });

  it('is not told by a run over a part: a limit, one directory, one file, another manifest', async () => {
    const place = new LengthRun();
    for (const name of ['a/alien', 'a/heat', 'b/jaws']) place.write(`films/${name}.mp4`, name);
    const manifest = place.write('some.csv', `path,item_id\n${place.path('films/b/jaws.mp4')},jaws\n`);
    await place.run({ inputs: [place.path('films')] });
    for (const part of [
      { inputs: [place.path('films')], limit: 1 },
      { inputs: [place.path('films/a')] },
      { inputs: [place.path('films/b/jaws.mp4')] },
      { inputs: [place.path('films/a/*.mp4')] },
      { manifest },
    ]) {
      expect((await place.run(part)).gone).toEqual([]);
    }
    // Of a directory within it everything is seen that lay there.
    rmSync(place.path('films/a/heat.mp4'));
    rmSync(place.path('films/b/jaws.mp4'));
    expect((await place.run({ inputs: [place.path('films/a')] })).gone).toEqual(['heat']);
  });

  it('is told by a run over files that a shell has listed, when it does not exist any more', async () => {
    const place = new LengthRun();
    const names = ['a/alien', 'a/heat', 'a/jaws', 'b/rear'];
    const [alien, heat, jaws, rear] = names.map((name) => place.write(`films/${name}.mp4`, name)) as [
      string,
      string,
      string,
      string,
    ];
    await place.run({ inputs: [alien, heat, jaws, rear] });
    // What was only not named is still an input of some other night.
    expect((await place.run({ inputs: [alien] })).gone).toEqual([]);
    renameSync(heat, place.path('films/a/heat-1995.mp4'));
    rmSync(jaws);
    rmSync(rear);
    // Of `b` no file was named: it may be a disk that is not there tonight.
    expect((await place.run({ inputs: [alien], limit: 1 })).gone).toEqual([]);
    const told = await place.run({ inputs: [alien, place.path('films/a/heat-1995.mp4')] });
    expect(told).toMatchObject({ gone: ['heat', 'jaws'], renamed: [{ from: 'heat', to: 'heat-1995' }] });
  });

  it('is told by the manifest, or the glob, that it was found by', async () => {
    const place = new LengthRun();
    const files = ['alien', 'heat'].map((name) => place.write(`films/${name}.mp4`, name));
    const [first, second] = files as [string, string];
    const manifest = place.write('all.csv', `path,item_id,country\n${first},alien,US\n${second},heat,FR\n`);
    await place.run({ manifest });
    expect(await place.item('heat')).toMatchObject({ source: manifest, more: { country: 'FR' } });
    place.write('all.csv', `path,item_id,country\n${first},alien,UK\n`);
    expect((await place.run({ manifest })).gone).toEqual(['heat']);
    expect((await place.item('alien'))?.more).toEqual({ country: 'UK' });
    const glob = place.path('films/*.mp4');
    await place.run({ inputs: [glob] });
    expect(await place.states()).toEqual({ alien: 'committed', heat: 'committed' });
    rmSync(first);
    expect((await place.run({ inputs: [glob] })).gone).toEqual(['alien']);
  });
});

describe('which unit of an item is current', () => {
  it('is in the table of items: every reader goes by it, also when the index is gone and times tell nothing', async () => {
    const place = new LengthRun();
    place.write('films/heat.mp4', 'heat');
    const inputs = [place.path('films')];
    await place.run({ inputs });
    place.write('films/heat.mp4', 'another film', 1_000_000_001);
    await place.run({ inputs });
    expect(await place.rows()).toEqual({ heat: 12 });
    place.write('films/heat.mp4', 'heat', 1_000_000_002);
    await place.run({ inputs });
    rmSync(join(place.out, '_index.txt'));
    await place.run({ inputs: [place.write('films/jaws.mp4', 'jaws!')] });
    expect(await place.rows()).toEqual({ heat: 4, jaws: 5 });
  });
});
