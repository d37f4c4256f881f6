import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import type { EpochRecord } from '../../../src/models/autodiff/checkpoint.ts';
import { Trainer } from '../../../src/models/autodiff/trainer.ts';
import { compileChild } from '../../fixtures/compile-child.ts';
import { lineData, lineNetwork, lineValidation } from './line-problem.ts';

const CHILD = fileURLToPath(new URL('./training-child.ts', import.meta.url));
const WORKER = fileURLToPath(new URL('../../../src/models/autodiff/training-worker.js', import.meta.url));

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'reelflow-resume-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

interface Result {
  readonly history: readonly EpochRecord[];
  readonly resumedFrom?: { readonly epoch: number; readonly batches: number };
  readonly weights: Readonly<Record<string, readonly number[]>>;
}

/**
 * Runs the child, which is killed by SIGKILL at its `killAt`-th batch. Gives its result when it
 * ends on its own (0).
 */
async function run(script: string, checkpoint: string, killAt: number): Promise<Result | undefined> {
  const args = [script, checkpoint, String(killAt)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let result: Result | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('result ')) result = JSON.parse(line.slice('result '.length)) as Result;
  }
  return result;
}

test('a training killed again and again with SIGKILL ends with the same weights, bit by bit, as one that was not', async () => {
  const script = await compileChild(await temporaryDirectory(), CHILD, [WORKER]);
  const directory = await temporaryDirectory();
  const checkpoint = join(directory, 'training.checkpoint');
  for (const killAt of [3, 8, 17, 16]) expect(await run(script, checkpoint, killAt)).toBe(undefined);
  const result = (await run(script, checkpoint, 0)) as Result;

  const trainer = await Trainer.open(lineNetwork, { seed: 4, epochs: 6, learningRate: 0.01 });
  const whole = await trainer.fit(lineData, lineValidation);
  const weights = await trainer.weights();
  await trainer.close();
  expect(result.history).toEqual(whole.history);
  for (const [name, values] of weights) expect(Float32Array.from(result.weights[name] ?? [])).toEqual(values);
  // At least the last kill was inside an epoch, after a checkpoint inside it.
  expect(result.resumedFrom?.epoch).toBeGreaterThan(0);
  expect(result.resumedFrom?.batches).toBeGreaterThan(0);
  // A finished training is not trained again.
  expect((await run(script, checkpoint, 1))?.weights).toEqual(result.weights);
  expect((await readdir(directory)).filter((name) => !name.endsWith('.tmp'))).toEqual(['training.checkpoint']);
});
