import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeClip } from '../../fixtures/clips.ts';
import { plantedFiles } from '../../fixtures/planted-files.ts';
import { startCli } from '../../fixtures/run-cli.ts';
import { writeTinyVisual } from '../../fixtures/tiny-networks.ts';
import { temporaryDirectory } from '../../io/dataset/fixtures.ts';

it('ONNX Runtime collects nothing: commands that infer, multiply and train leave no identifier behind', async () => {
  const directory = await temporaryDirectory();
  const at = (name: string) => join(directory, name);
  for (const name of ['clips', 'temporary']) mkdirSync(at(name));
  for (const [name, seconds] of Object.entries({ a: 1, b: 2, c: 3 })) {
    await makeClip(at(`clips/${name}.mp4`), { seconds, width: 64, height: 48, fps: 5, sound: false });
  }
  const { ratings } = await plantedFiles(directory);
  const network = ['--visual', writeTinyVisual(directory), '--audio', 'none'];
  const env = { TMPDIR: at('temporary'), ORT_DISABLE_TELEMETRY: undefined };
  for (const args of [
    ['extract', at('clips'), '--out', at('features'), ...network],
    ['reduce', at('features'), '--out', at('reduced'), '--components', '1'],
    ['train', 'gmf', '--ratings', ratings, '--out', at('gmf'), '--epochs', '1'],
  ]) {
    const { code, stderr } = await startCli(args, { env }).ended;
    expect(code, stderr).toBe(0);
    expect(readdirSync(at('temporary')), args[0]).toEqual([]);
  }
}, 120_000);
