import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { callReelflow } from '../fixtures/call-cli.ts';
import { makeClip, temporaryDirectory } from '../fixtures/clips.ts';
import { gatedFfmpeg } from '../fixtures/gated-ffmpeg.ts';
import { reelflow, startCli } from '../fixtures/run-cli.ts';
import { writeTinyVisual } from '../fixtures/tiny-networks.ts';

it('an input that is replaced while it is decoded is in the dataset as it is now, and the next run has nothing to do', async () => {
  const place = await temporaryDirectory();
  onTestFinished(() => place.remove());
  const at = (name: string) => join(place.path, name);
  mkdirSync(at('clips'));
  const clip = { width: 64, height: 48, fps: 10, sound: false };
  await makeClip(at('before.mp4'), { ...clip, seconds: 1 });
  await makeClip(at('after.mp4'), { ...clip, seconds: 2 });
  copyFileSync(at('before.mp4'), at('clips/heat.mp4'));
  const network = ['--visual', writeTinyVisual(place.path), '--audio', 'none', '--subclips', '2', '--workers', '1'];
  const args = ['extract', at('clips'), '--out', at('features'), ...network, '--json', '--progress', 'none'];
  const gate = gatedFfmpeg(place.path, 'heat.mp4');
  const running = startCli(args, { env: gate.env });
  await running.until(() => gate.isWaiting());
  copyFileSync(at('after.mp4'), at('swapped'));
  renameSync(at('swapped'), at('clips/heat.mp4'));
  gate.open();
  const { code, stdout, stderr } = await running.ended;
  expect(code, stderr).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ videos: { committed: 1, dead: 0 } });

  const items = await callReelflow(['status', at('features'), '--format', 'json']);
  const hash = createHash('sha256')
    .update(readFileSync(at('after.mp4')))
    .digest('hex');
  expect(
    items.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toMatchObject([{ item_id: 'heat', state: 'committed', content_hash: hash, duration: 2 }]);
  const again = await reelflow(args);
  expect(JSON.parse(again.stdout)).toMatchObject({ videos: { committed: 0, alreadyDone: 1 } });
});
