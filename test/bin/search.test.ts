import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FeatureSearch } from '../../src/graphs/analysis/search-features.ts';
import { encodeClip } from '../../src/io/media/encode.ts';
import { callReelflow } from '../fixtures/call-cli.ts';
import { plainPicture, temporaryDirectory } from '../fixtures/clips.ts';
import { writeJointNetwork } from '../fixtures/joint-network.ts';

const RED = [220, 40, 40] as const;
const GREEN = [40, 200, 40] as const;
const BLUE = [40, 40, 220] as const;

let place: Awaited<ReturnType<typeof temporaryDirectory>>;
const at = (name: string) => join(place.path, name);

/** A clip of plain colours, a second each. */
async function clip(name: string, colours: readonly (readonly [number, number, number])[]): Promise<string> {
  const frames = colours.flatMap((colour) => Array.from({ length: 5 }, () => plainPicture(64, 64, colour)));
  await encodeClip({ path: at(name), width: 64, height: 64, fps: 5, frames });
  return at(name);
}

async function search(...args: readonly string[]): Promise<FeatureSearch> {
  const { code, stdout, stderr } = await callReelflow(['search', at('features'), ...args, '--json']);
  expect(stderr).not.toContain('Error');
  expect(code).toBe(0);
  return JSON.parse(stdout);
}

beforeAll(async () => {
  place = await temporaryDirectory();
  mkdirSync(at('network'));
  mkdirSync(at('clips'));
  writeJointNetwork(at('network'));
  await clip('clips/sunset.mp4', [RED, BLUE]);
  await clip('clips/meadow.mp4', [GREEN, GREEN]);
  await clip('clips/sea.mp4', [BLUE, [40, 150, 220]]);
  const options = ['--visual', at('network/joint.json'), '--audio', 'none', '--subclips', '2'];
  const made = await callReelflow(['extract', at('clips'), '--out', at('features'), ...options]);
  expect(made.code, made.stderr).toBe(0);
  const reduced = await callReelflow([
    ...['reduce', at('features'), '--out', at('reduced'), '--column', 'visual', '--components', '2'],
  ]);
  expect(reduced.code, reduced.stderr).toBe(0);
});
afterAll(() => place.remove());

describe('search --like', () => {
  it('finds the subclips that look like a moment of a clip that is not in the dataset', async () => {
    const mine = await clip('mine.mp4', [BLUE, RED]);
    const { found, moment, compared } = await search('--like', `${mine}@1.5s`, '--weights', at('network'));
    expect(moment).toEqual({ number: 1, start: 1, end: 2 });
    expect(compared).toBe(6);
    expect(found[0]).toMatchObject({ item: 'sunset', subclip: 0 });
    expect(found[0]?.similarity).toBeCloseTo(1, 3);
    const other = await search('--like', `${mine}@0s`, '--weights', at('network'), '--k', '2');
    expect(new Set(other.found.map(({ item, subclip }) => `${item} ${subclip}`))).toEqual(
      new Set(['sunset 1', 'sea 0']),
    );
  });

  it('finds items by the whole of a clip, to the same figures as the item itself', async () => {
    const found = await search('--like', at('clips/sea.mp4'), '--weights', at('network'));
    expect(found.found[0]).toMatchObject({ item: 'sea' });
    expect(found.found[0]?.similarity).toBeCloseTo(1, 6);
    const { found: others } = await search('--item', 'sea');
    expect(found.found.slice(1)).toEqual(
      others.map((other) => ({ ...other, similarity: expect.closeTo(other.similarity, 6) })),
    );
  });

  it('searches a reduction through its PCA, by the dataset that it was made from', async () => {
    const like = ['--like', `${at('clips/meadow.mp4')}@0s`, '--weights', at('network')];
    const found = await callReelflow(['search', at('reduced'), ...like, '--source', at('features'), '--json']);
    expect(found.code, found.stderr).toBe(0);
    expect(JSON.parse(found.stdout).found[0]).toMatchObject({ item: 'meadow' });
    const refused = await callReelflow(['search', at('reduced'), ...like]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('--source');
  });

  it('refuses other weights, a moment after the end, a file that is no media, and two questions', async () => {
    const like = at('clips/sea.mp4');
    const refused = async (...args: readonly string[]) => {
      const { code, stderr } = await callReelflow(['search', at('features'), ...args]);
      expect(code).not.toBe(0);
      return stderr;
    };
    expect(await refused('--like', like)).toContain('weights of synthetic-joint');
    expect(await refused('--like', `${like}@9s`, '--weights', at('network'))).toContain('it ends at 2.0 s');
    writeFileSync(at('noise.mp4'), 'no media');
    expect(await refused('--like', at('noise.mp4'), '--weights', at('network'))).toContain('noise.mp4');
    const absent = await refused('--like', 'steps.mp4', '--weights', at('network'));
    expect(absent).toContain("there is no file 'steps.mp4'");
    expect(absent).toContain('`--item steps.mp4`');
    expect(absent.match(/steps\.mp4'/g)).toHaveLength(1);
    expect(await refused('--like', like, '--item', 'sea')).toContain('one of');
    expect(await refused('--source', at('features'), '--item', 'sea')).toContain('--like');
    expect(await refused()).toContain('one of');
  });
});

describe('search --like that is interrupted', () => {
  it('stops, and leaves nothing in the directory for temporary files', async () => {
    const onInterrupt = (event: string | symbol, listener: NodeJS.SignalsListener) => {
      if (event === 'SIGINT') setImmediate(() => listener('SIGINT'));
    };
    process.on('newListener', onInterrupt);
    try {
      const like = ['--like', at('clips/sea.mp4'), '--weights', at('network')];
      const { code, stdout, stderr } = await callReelflow(['search', at('features'), ...like]);
      expect([code, stdout]).toEqual([130, '']);
      expect(stderr).toContain('stopping');
    } finally {
      process.off('newListener', onInterrupt);
    }
    expect(readdirSync(tmpdir()).filter((name) => name.includes(`~${process.pid}~`) && /search/.test(name))).toEqual(
      [],
    );
  });
});

describe('search --text, by a SYNTHETIC joint network of colour names', () => {
  it('finds the subclips that show what the text says', async () => {
    const card = at('network/joint.json');
    const red = await search('--text', 'Red', '--text-network', card, '--k', '1');
    expect(red.found[0]).toMatchObject({ item: 'sunset', subclip: 0 });
    const cyan = await search('--text', 'green blue', '--text-network', card, '--k', '1');
    expect(cyan.found[0]).toMatchObject({ item: 'sea', subclip: 1 });
  });

  it('refuses a card of another network, a text that is too long, and a reduction', async () => {
    const card = at('network/joint.json');
    const refused = async (directory: string, ...args: readonly string[]) => {
      const { code, stderr } = await callReelflow(['search', at(directory), '--text-network', ...args]);
      expect(code).not.toBe(0);
      return stderr;
    };
    const other = JSON.parse(readFileSync(card, 'utf8'));
    writeFileSync(
      at('network/other.json'),
      JSON.stringify({ ...other, preprocess: { ...other.preprocess, scale: 1 } }),
    );
    expect(await refused('features', at('network/other.json'), '--text', 'red')).toContain('another card');
    expect(await refused('features', card, '--text', 'red '.repeat(9))).toContain('11 tokens');
    expect(await refused('features', card, '--text', ' ')).toContain('empty');
    expect(await refused('reduced', card, '--text', 'red')).toContain('another space');
    const { text: _, ...frames } = other;
    writeFileSync(at('network/frames.json'), JSON.stringify(frames));
    expect(await refused('features', at('network/frames.json'), '--text', 'red')).toContain('reads frames only');
    writeFileSync(at('network/wrong.json'), JSON.stringify({ ...other, text: { ...other.text, output: 'nothing' } }));
    expect(await refused('features', at('network/wrong.json'), '--text', 'red')).toContain('text_embeds');
  });
});
