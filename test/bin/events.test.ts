import { copyFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callReelflow } from '../fixtures/call-cli.ts';
import { makeClip, temporaryDirectory } from '../fixtures/clips.ts';
import { eventsOf } from '../fixtures/events.ts';
import { writeTinyVisual } from '../fixtures/tiny-networks.ts';

let place: Awaited<ReturnType<typeof temporaryDirectory>>;
const at = (name: string) => join(place.path, name);

beforeAll(async () => {
  place = await temporaryDirectory();
  mkdirSync(at('clips'));
  const [short, long] = [at('clips/heat.mp4'), at('clips/ran.mp4')];
  await makeClip(short, { width: 64, height: 48, fps: 10, seconds: 1, sound: false });
  await makeClip(long, { width: 64, height: 48, fps: 10, seconds: 3, sound: false });
  copyFileSync(short, at('clips/jaws.mp4'));
  writeFileSync(at('clips/broken.mp4'), readFileSync(short).subarray(0, 900));
});
afterAll(() => place.remove());

async function run(...args: readonly string[]) {
  const { code, stderr } = await callReelflow([...args, '--progress', 'ndjson', '--json']);
  return { code, ...eventsOf(stderr) };
}

describe('the events of a command', () => {
  it('are as documented: of an extraction, the next one, a reduction, and a mistake', async () => {
    const network = ['--visual', writeTinyVisual(place.path), '--audio', 'none', '--workers', '1'];
    const what = [at('clips'), '--out', at('features'), ...network, '--subclips', '2', '--max-duration', '2'];
    const first = await run('extract', ...what);
    expect([first.code, first.faults]).toEqual([3, []]);
    const itemsOf = (events: typeof first.events, type: string) =>
      events.filter((event) => event.type === type).map(({ item }) => item);
    expect(itemsOf(first.events, 'committed').sort()).toEqual(['heat', 'jaws']);
    expect(itemsOf(first.events, 'skipped')).toEqual(['ran']);
    expect(itemsOf(first.events, 'dead')).toEqual(['broken']);
    expect(first.events.map(({ type }) => type)).toEqual(expect.arrayContaining(['stage', 'progress']));
    expect(first.events.at(-1)).toMatchObject({ type: 'summary', videos: { committed: 2, dead: 1, skipped: 1 } });

    renameSync(at('clips/jaws.mp4'), at('clips/jaws-1975.mp4'));
    const renamed = await run('extract', ...what);
    expect(renamed.faults).toEqual([]);
    expect(renamed.events.find(({ type }) => type === 'committed')).toMatchObject({ item: 'jaws-1975', renamed: true });
    renameSync(at('clips/jaws-1975.mp4'), at('clips/jaws.mp4'));
    await callReelflow(['prune', at('features'), '--remove', 'jaws-1975']);

    const second = await run('extract', ...what);
    expect(second.faults).toEqual([]);
    expect(itemsOf(second.events, 'already-done').sort()).toEqual(['heat', 'jaws']);
    expect(second.events.filter(({ type }) => type === 'dead')).toMatchObject([{ item: 'broken', earlier: true }]);

    const reduced = await run('reduce', at('features'), '--out', at('reduced'), '--components', '2');
    expect([reduced.code, reduced.faults]).toEqual([0, []]);
    expect(reduced.events.at(-1)).toMatchObject({ type: 'summary', items: 2 });

    const wrong = await run('reduce', at('nowhere'), '--out', at('x'));
    expect([wrong.code, wrong.faults]).toEqual([2, []]);
    expect(wrong.events.at(-1)).toMatchObject({ type: 'error', remedy: expect.any(String) });
  });

  it('that are not documented are told from those that are', () => {
    const time = new Date().toISOString();
    const faultsOf = (event: object) => eventsOf(JSON.stringify({ time, ...event })).faults;
    expect(faultsOf({ type: 'stage', stage: 'planning' })).toEqual([]);
    expect(faultsOf({ type: 'stage', stage: 'planning', more: 1 })).toEqual(['stage.more is not documented']);
    expect(faultsOf({ type: 'stage' })).toEqual(['stage lacks stage']);
    expect(faultsOf({ type: 'staged' })).toEqual(['staged is not documented']);
    expect(faultsOf({ type: 'progress', stream: 'visual', step: 'layout', epoch: 1, epochs: 2 })).toEqual([]);
    expect(faultsOf({ type: 'progress', stream: 'visual', step: 'layout', epoch: 1.5, epochs: 2 })).toEqual([
      'progress.epoch is number',
    ]);
    expect(faultsOf({ type: 'note', level: 'loud', message: 'x' })).toEqual(['note.level is loud']);
  });

  it('are as documented: of all that reads ratings, features or a dataset', async () => {
    const ratings = at('ml');
    mkdirSync(ratings);
    const pairs = Array.from({ length: 240 }, (_, at) => [1 + Math.floor(at / 12), 1 + ((at * 7) % 30)]);
    const movies = Array.from({ length: 30 }, (_, at) => `${at + 1},Movie ${at} (2001),${at % 2 ? 'Drama' : 'Comedy'}`);
    writeFileSync(join(ratings, 'movies.csv'), `movieId,title,genres\n${movies.join('\n')}\n`);
    writeFileSync(
      join(ratings, 'ratings.csv'),
      `userId,movieId,rating,timestamp\n${pairs.map(([user = 0, movie = 0], at) => `${user},${movie},${1 + ((user + movie) % 5)},${at}`).join('\n')}\n`,
    );
    const vectors = movies.map((_, at) => `${at + 1},${Math.sin(at)},${Math.cos(at)},${at}`);
    writeFileSync(at('vectors.csv'), `movieId,a,b,c\n${vectors.join('\n')}\n`);
    const given = ['--ratings', ratings];
    for (const command of [
      ['import-features', at('vectors.csv'), '--out', at('items.arrow')],
      ['analyze', at('items.arrow'), ...given, '--out', at('features.html')],
      ['analyze', ...given, '--out', at('ratings.html')],
      ['search', at('items.arrow'), '--item', '3'],
      ['train', 'svd', ...given, '--out', at('svd')],
      ['train', 'content-ridge', ...given, '--features', at('items.arrow'), '--out', at('ridge')],
      ['recommend', at('svd'), '--all-users', '--out', at('all.csv')],
      ['experiment', ...given, '--recommenders', 'svd,user-mean', '--seeds', '1', '--out', at('results')],
      ['report', at('results'), '--out', at('results.html')],
      ['compact', at('features')],
      ['prune', at('features'), '--dry-run'],
      ['dead', 'list', at('features')],
      ['status', at('features')],
    ]) {
      const { code, faults, events } = await run(...command);
      expect([command.slice(0, 2), code, faults]).toEqual([command.slice(0, 2), 0, []]);
      expect(events.at(-1), command.join(' ')).toMatchObject({ type: 'summary' });
    }
  }, 120_000);
});
