import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { imported } from './helpers.ts';

const folder = '../shared/data/trailers-real';
const here = existsSync(folder);
const avf = join(folder, 'fused_llm_mmtf_avf_avg.csv');
const ivec = join(folder, 'fused_llm_mmtf_audio_IVec_splitItem_fold_1_gmm_512_tvDim_100.csv');
const scene = join(folder, 'LLVisualFeatures13K_Log.csv');

describe.skipIf(!here)(`published features of trailers${here ? '' : ' (skipped: ../shared is absent)'}`, () => {
  it('of the same 1,807 movies meet: 107 visual and 100 audio values', async () => {
    const { summary, content } = await imported([`visual=${avf}`, `audio=${ivec}`], { missing: 'mean' });
    expect(summary).toMatchObject({ items: 1807, subclips: 1 });
    expect(summary.streams).toMatchObject([
      { name: 'visual', dimension: 107, items: 1807, lacking: { count: 0 }, passedOver: ['title', 'genres'] },
      { name: 'audio', dimension: 100, items: 1807, lacking: { count: 0 }, missingValues: 0 },
    ]);
    // By another way: the last line as it stands.
    const line = readFileSync(ivec, 'utf8').trimEnd().split('\n').at(-1) ?? '';
    const values = line.slice(line.lastIndexOf('"', line.length - 2) + 1, -1);
    expect(content[line.split(',')[0] ?? '']?.audio).toEqual(
      values.split(',').map((text) => Math.fround(Number(text))),
    );
  });

  it('of 13,373 movies have 7 mise-en-scene values', async () => {
    const { summary, content } = await imported([`scene=${scene}`]);
    expect(summary).toMatchObject({ items: 13373, streams: [{ dimension: 7, dropped: [], missingValues: 0 }] });
    const [, line = ''] = readFileSync(scene, 'utf8').split(/\r?\n/);
    const [id = '', ...values] = line.split(',');
    expect(content[id]?.scene).toEqual(values.map((text) => Math.fround(Number(text))));
  });
});
