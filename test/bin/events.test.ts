import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
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
    expect(faultsOf({ type: 'progress', stream: 'visual', epoch: 1, epochs: 2 })).toEqual([]);
    expect(faultsOf({ type: 'progress', stream: 'visual', epoch: 1.5, epochs: 2 })).toEqual([
      'progress.epoch is number',
    ]);
    expect(faultsOf({ type: 'note', level: 'loud', message: 'x' })).toEqual(['note.level is loud']);
  });
});
