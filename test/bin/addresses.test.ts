import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callReelflow } from '../fixtures/call-cli.ts';

let directory: string;
let before: string;

beforeAll(() => {
  before = process.cwd();
  directory = mkdtempSync(join(tmpdir(), 'reelflow-addresses-'));
  process.chdir(directory);
  const rows = Array.from({ length: 60 }, (_, row) => `${row % 6},${Math.floor(row / 6)},${1 + ((row * 7) % 5)}`);
  const ratings = (of: readonly string[]) => `userId,movieId,rating\n${of.join('\n')}\n`;
  writeFileSync('train.csv', ratings(rows.slice(0, 45)));
  writeFileSync('test.csv', ratings(rows.slice(45)));
});
afterAll(() => {
  process.chdir(before);
  rmSync(directory, { recursive: true, force: true });
});

const evaluation = ['evaluate', '--train', 'train.csv', '--test', 'test.csv', '--recommender', 'user-mean'];
const training = ['train', 'user-mean', '--ratings', 'train.csv', '--out', 'trained'];
const experiment = ['experiment', '--ratings', 'train.csv', '--out', 'results', '--recommenders', 'user-mean'];

/** Command lines with an address, at `@`, where only what is on this machine is read. */
const READ: readonly (readonly string[])[] = [
  ['evaluate', '--predictions', '@.csv'],
  ['evaluate', '--train', '@.csv', '--test', 'test.csv', '--recommender', 'user-mean'],
  [...evaluation, '--validation', '@.csv'],
  [...evaluation, '--trailers', '@.csv', '--features', 'train.csv'],
  [...evaluation, '--demographics', '@.csv'],
  [...evaluation, '--movies', '@.csv'],
  [...evaluation, '--catalogue', '@.csv'],
  [...evaluation, '--config', '@.json'],
  ['experiment', '@.json', '--out', 'results'],
  ['experiment', '--ratings', '@.csv', '--out', 'results'],
  [...experiment, '--movie-list', '@.csv'],
  [...experiment, '--split', '@'],
  ['train', 'user-mean', '--ratings', '@.csv', '--out', 'trained'],
  [...training, '--movies', '@.csv'],
  ['analyze', '--ratings', '@.csv', '--out', 'page.html'],
  ['analyze', '--ratings', '@', '--out', 'page.html'],
  ['serve', '--recommender', '@'],
  ['mcp', '--recommender', '@'],
  ['report', '@', '--out', 'page.html'],
  ['recommend', '@', '--user', '1'],
  ['recommend', 'trained', '--user', '1', '--module', '@.js'],
  ['explain-item', '@', '--item', 'heat'],
  ['import-features', '@.csv', '--out', 'items.arrow'],
  ['import-features', '@.npy', '--out', 'items.arrow'],
  ['import-features', '--genres', '@.csv', '--out', 'items.arrow'],
  ['explain', 'heat.mp4', '--visual', '@.json'],
  ['extract', '--manifest', '@.csv', '--out', 'features'],
  ['weights', 'import', 'alexnet', '@.pth'],
  ['weights', 'card', '@.onnx'],
];

/** The same where something is written. */
const WRITTEN: readonly (readonly string[])[] = [
  ['train', 'user-mean', '--ratings', 'train.csv', '--out', '@'],
  ['experiment', '--ratings', 'train.csv', '--out', '@', '--recommenders', 'user-mean'],
  [...experiment, '--report', '@.html'],
  ['analyze', '--ratings', 'train.csv', '--out', '@.html'],
  ['report', 'results', '--out', '@.html'],
  ['recommend', 'trained', '--all-users', '--out', '@.csv'],
  ['reduce', 'features', '--out', '@', '--components', '2'],
  ['import-features', 'train.csv', '--out', '@.arrow'],
];

async function said(line: readonly string[], address: string): Promise<string> {
  const args = line.map((word) => word.replace('@', address));
  const { code, stderr } = await callReelflow(args);
  expect([args.join(' '), code]).toEqual([args.join(' '), 2]);
  return stderr;
}

describe('an address', () => {
  it('where only what is on this machine is read is refused with the command that copies it', async () => {
    for (const line of READ) {
      expect(await said(line, 's3://films/x')).toMatch(/object-store\]\n {2}Copy it first, .*`aws s3 (cp|sync) s3:/);
      const stderr = await said(line, 'https://me:secret@films.example.org/x');
      expect(stderr).toMatch(/usage\]\n {2}Download it first, .*`curl -fLO https:\/\/films\.example\.org\/x/);
      expect(stderr).not.toContain('secret');
    }
  });

  it('where something is written is refused, and nothing is written', async () => {
    const there = readdirSync(directory);
    for (const line of WRITTEN) {
      expect(await said(line, 's3://films/x')).toMatch(/to which this cannot be written \[object-store\]/);
      expect(await said(line, 'https://films.example.org/x')).toMatch(/to which nothing can be written \[usage\]/);
    }
    expect(readdirSync(directory)).toEqual(there);
  });

  it('of a store is refused as the dataset of a worker, which others are to see', async () => {
    const worker = ['worker', '--queue', 'redis://127.0.0.1:1', '--out', '@'];
    expect(await said(worker, 's3://films/x')).toMatch(
      /\[object-store\]\n {2}Name a directory that all machines share/,
    );
    expect(await said(worker, 'https://films.example.org/x')).toMatch(/\[usage\]/);
  });
});
