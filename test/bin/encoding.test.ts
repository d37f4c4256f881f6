import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetMetadataAsync } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callReelflow } from '../fixtures/call-cli.ts';
import { makeClip, temporaryDirectory } from '../fixtures/clips.ts';
import { writeTinyVisual } from '../fixtures/tiny-networks.ts';

let place: Awaited<ReturnType<typeof temporaryDirectory>>;
let extract: readonly string[];

beforeAll(async () => {
  place = await temporaryDirectory();
  const clip = await makeClip(join(place.path, 'clip.mp4'), { seconds: 2 });
  const card = writeTinyVisual(place.path);
  extract = ['extract', clip, '--out', join(place.path, 'features'), '--visual', card, '--audio', 'none', '--json'];
});

afterAll(() => place.remove());

async function encodingOfVisual(): Promise<readonly string[]> {
  const part = join(place.path, 'features/subclips=10/aggregate=mean/part-00000.parquet');
  const { row_groups } = await parquetMetadataAsync(await asyncBufferFromFile(part));
  const column = row_groups[0]?.columns.find(({ meta_data }) => meta_data?.path_in_schema[0] === 'visual');
  return (column?.meta_data?.encodings ?? []).map(String);
}

describe('--encoding', () => {
  it('changes how vectors are stored, and neither the graph nor the units', async () => {
    const first = await callReelflow(extract);
    expect(first.code, first.stderr).toBe(0);
    expect(await encodingOfVisual()).not.toContain('BYTE_STREAM_SPLIT');
    const description = JSON.parse(readFileSync(join(place.path, 'features/_dataset.json'), 'utf8'));
    const [model] = description.models;
    expect(model.files).toEqual([{ role: 'weights', sha256: model.weightsHash, origin: 'tiny-visual.onnx' }]);

    const second = await callReelflow([...extract, '--encoding', 'byte-stream-split']);
    expect(second.code, second.stderr).toBe(0);
    expect(await encodingOfVisual()).toContain('BYTE_STREAM_SPLIT');
    const [one, two] = [first, second].map(({ stdout }) => JSON.parse(stdout) as { graphId: string; videos: object });
    expect(two?.graphId).toBe(one?.graphId);
    expect(two?.videos).toMatchObject({ committed: 0, alreadyDone: 1 });

    const compacted = await callReelflow(['compact', join(place.path, 'features'), '--encoding', 'plain']);
    expect(compacted.code, compacted.stderr).toBe(0);
    expect(await encodingOfVisual()).not.toContain('BYTE_STREAM_SPLIT');
  });

  it('names the networks by stream in _dataset.json, for the columns of the tables', () => {
    const { models } = JSON.parse(readFileSync(join(place.path, 'features/_dataset.json'), 'utf8'));
    expect(models).toHaveLength(1);
    expect(models[0]).toMatchObject({
      stream: 'visual',
      cardHash: expect.any(String),
      weightsHash: expect.any(String),
    });
  });

  it('is refused with exit 2 when there is no such encoding', async () => {
    const { code, stderr } = await callReelflow(['compact', join(place.path, 'features'), '--encoding', 'delta']);
    expect(code).toBe(2);
    expect(stderr).toContain("`--encoding` must be one of 'plain', 'byte-stream-split', but is 'delta'");
  });
});

describe('an output directory of another graph', () => {
  it('is refused with exit 2, naming the directory and what differs, and nothing in it changes', async () => {
    const file = join(place.path, 'features/_dataset.json');
    const before = readFileSync(file, 'utf8');
    const { code, stderr } = await callReelflow([...extract, '--subclips', '20']);
    expect(code).toBe(2);
    expect(stderr).toContain(join(place.path, 'features'));
    expect(stderr).toContain('subclips');
    expect(stderr).toContain('[dataset]');
    expect(readFileSync(file, 'utf8')).toBe(before);
  });
});
