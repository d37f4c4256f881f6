import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { keepCalibration, readCalibration } from '../../../src/graphs/precision/calibration-file.ts';
import { network } from '../../../src/models/networks/network.ts';
import { writeTinyVisual } from '../../fixtures/tiny-networks.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'reelflow-calibration-file-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

it('takes back what it kept, and refuses numbers that no calibration gives', async () => {
  const plan = network(writeTinyVisual(directory));
  const tensor = plan.rangedTensors[0] as string;
  const calibration = {
    precision: 'int8',
    cardHash: plan.cardHash,
    weightsHash: plan.weightsHash,
    frames: { ranging: 30, heldOut: 30 },
    items: [{ item: 'a', frames: 60 }],
    cosine: { mean: 0.999, least: 0.99 },
    ranges: Object.fromEntries(plan.rangedTensors.map((name) => [name, [-1, 2] as const])),
  } as const;
  await keepCalibration(directory, plan, calibration);
  expect(readCalibration(directory, plan)).toMatchObject(calibration);
  const path = join(directory, '_calibration.json');
  const kept = JSON.parse(readFileSync(path, 'utf8'));
  // Written before there was another precision than int8.
  writeFileSync(path, JSON.stringify({ ...kept, precision: undefined }));
  expect(readCalibration(directory, plan)).toMatchObject(calibration);
  writeFileSync(path, JSON.stringify({ ...kept, precision: 'float16' }));
  expect(() => readCalibration(directory, plan)).toThrow(/not made with `precision: 'int8'`/);
  const forged = [
    { precision: 'int4' },
    { ranges: { ...kept.ranges, [tensor]: [-1e308, 1e308] } },
    { ranges: { ...kept.ranges, [tensor]: [0, 1e39] } },
    { ranges: { ...kept.ranges, [tensor]: [-3e38, 3e38] } },
    { ranges: { ...kept.ranges, [tensor]: [2, 1] } },
    { ranges: { ...kept.ranges, [tensor]: ['0', '1'] } },
    { cosine: { mean: 1.5, least: 0.9 } },
    { cosine: { mean: 0.99, least: -2 } },
    { cosine: { mean: '0.99', least: 0.9 } },
    { frames: { ranging: 30, heldOut: 0 } },
    { frames: { ranging: 1.5, heldOut: 30 } },
    { frames: { ranging: -4, heldOut: 30 } },
  ];
  for (const change of forged) {
    writeFileSync(path, JSON.stringify({ ...kept, ...change }));
    expect(() => readCalibration(directory, plan), JSON.stringify(change)).toThrow(/is damaged/);
  }
});
