import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Checkpoint, readCheckpoint, writeCheckpoint } from '../../../src/models/autodiff/checkpoint.ts';
import { Trainer } from '../../../src/models/autodiff/trainer.ts';
import { lineData, lineNetwork, lineValidation } from './line-problem.ts';

const tensors = [
  { input: 'a', shape: [2, 2], length: 4, members: [], kind: 'weight' },
  { input: 'b', shape: [3], length: 3, members: [], kind: 'slot' },
] as const;

const checkpoint: Checkpoint = {
  identity: 'this one',
  progress: {
    ...{ epoch: 2, batches: 7, step: 31, lossSum: 0.1 + 0.2, rows: 24, finished: false },
    history: [{ epoch: 0, trainingLoss: 1 / 3, validationLoss: null, learningRate: 1e-3, steps: 12 }],
    plateau: { learningRate: 1e-3, best: null, waited: 0, since: 0 },
    earlyStopping: { bestLoss: 0.7, bestEpoch: 1, bestStep: 24, waited: 1, waitedSteps: 7 },
  },
  state: [Float32Array.of(1, -2, 3.5, 1e-40), Float32Array.of(0, 5, 6)],
  best: [Float32Array.of(4, 3, 2, 1), Float32Array.of(7, 8, 9)],
};

function file(): string {
  const directory = mkdtempSync(join(tmpdir(), 'reelflow-checkpoint-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, 'checkpoint');
}

test('what was written is read, bit by bit; without a file there is nothing', () => {
  const path = file();
  expect(readCheckpoint(path, tensors, 'this one')).toBe(undefined);
  writeCheckpoint(path, tensors, checkpoint);
  expect(readCheckpoint(path, tensors, 'this one')).toEqual(checkpoint);
  writeCheckpoint(path, tensors, { ...checkpoint, best: [] });
  expect(readCheckpoint(path, tensors, 'this one')).toEqual({ ...checkpoint, best: [] });
});

test('a file cut anywhere, or with any byte changed, is never taken for a checkpoint of other values', () => {
  const path = file();
  writeCheckpoint(path, tensors, checkpoint);
  const whole = readFileSync(path);
  for (let length = 0; length < whole.byteLength; length += 5) {
    writeFileSync(path, whole.subarray(0, length));
    expect(() => readCheckpoint(path, tensors, 'this one')).toThrow(/cannot be read/);
  }
  for (let at = whole.byteLength - 56; at < whole.byteLength; at++) {
    const damaged = Buffer.from(whole);
    damaged[at] = (damaged[at] as number) ^ 1;
    writeFileSync(path, damaged);
    expect(() => readCheckpoint(path, tensors, 'this one')).toThrow('its values are damaged');
  }
  const claims = Buffer.from(whole);
  claims.writeUInt32LE(0xffffffff, 'reelflow-checkpoint-1\n'.length);
  writeFileSync(path, claims);
  expect(() => readCheckpoint(path, tensors, 'this one')).toThrow('its header is cut off');
});

test('the checkpoint of a training with other options or data is refused', async () => {
  const path = file();
  const train = async (options: object) => {
    const trainer = await Trainer.open(lineNetwork, { epochs: 1, checkpoint: { path, data: 'one' }, ...options });
    try {
      return await trainer.fit(lineData, lineValidation);
    } finally {
      await trainer.close();
    }
  };
  await train({});
  expect(existsSync(path)).toBe(true);
  expect((await train({})).resumedFrom).toEqual({ epoch: 1, batches: 0 });
  for (const options of [{ seed: 2 }, { l2: 0.1 }, { epochs: 2 }, { checkpoint: { path, data: 'two' } }]) {
    await expect(train(options)).rejects.toThrow('belongs to another training');
  }
});
