import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.ts';
import { listCorpus } from '../../../src/graphs/inputs.ts';
import { minCalibrationMemory } from '../../../src/graphs/precision/calibration-memory.ts';
import { placeholderRanges } from '../../../src/graphs/precision/placeholder-ranges.ts';
import { preparePrecision } from '../../../src/graphs/precision/prepare-precision.ts';
import { network } from '../../../src/models/networks/network.ts';
import { makeClip } from '../../fixtures/clips.ts';

let directory: string;
let clip: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'reelflow-prepare-precision-'));
  clip = await makeClip(join(directory, 'clip.mp4'), { seconds: 1 });
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

for (const name of ['alexnet', 'squeezenet1_1'] as const) {
  it(`names the least memory that does for calibrating ${name} and for extracting with it, before it decodes`, async () => {
    const visual = network(name, { weights: 'random:1' });
    const corpus = await listCorpus({ inputs: [clip] });
    const said: string[] = [];
    const attempt = (mebibytes: number) => {
      const stop = new AbortController();
      return preparePrecision({ visual, audio: undefined, says: [] }, corpus, {
        precision: 'int8',
        device: { device: 'cpu', numbers: [0] },
        memory: `${mebibytes}MiB`,
        directory: undefined,
        say: (sentence) => {
          said.push(sentence);
          stop.abort();
        },
        signal: stop.signal,
      });
    };
    const failing = await attempt(100).catch((error: unknown) => error);
    expect(failing).toBeInstanceOf(UsageError);
    const { code, remedy } = failing as UsageError;
    expect(code).toBe('memory-too-small');
    const least = Number(/memory: '(\d+)MiB'/.exec(remedy ?? '')?.[1]);
    await expect(attempt(least - 1)).rejects.toMatchObject({ code: 'memory-too-small' });
    expect(said).toEqual([]);
    // Enough: it comes as far as the calibration, which is stopped.
    expect(await attempt(least)).toBeUndefined();
  });
}

it('bills the writing of the int8 network beside the frames', () => {
  const visual = network('alexnet', { weights: 'random:1' });
  const quantised = visual.quantised(placeholderRanges(visual));
  const session = quantised.memory({ workers: 1, threads: availableParallelism(), batch: 1 }).creationPeak;
  expect(minCalibrationMemory(visual)).toBeGreaterThan(session + 128 * visual.inputBytes);
});
