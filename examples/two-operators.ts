/**
 * One decode, two operators: every frame goes to a network and to a plain function, but is decoded
 * and counted only once.
 *
 *   node dist/examples/two-operators.js VIDEO... OUT
 *
 * AlexNet has random weights here, so its features are meaningless. The first run writes it into
 * the cache, about 230 MB.
 */
import { type Frame, network, writeDataset } from 'reelflow';
import { map } from 'rxjs';

const inputs = process.argv.slice(2, -1);
const out = process.argv.at(-1);
if (out === undefined || inputs.length === 0) throw new Error('usage: two-operators VIDEO... OUT');

const alexnet = network('alexnet', { weights: 'random:1' });

/** How bright a frame is, in [0, 1], from its green channel. */
function brightness(frame: Frame) {
  let sum = 0;
  for (let at = 1; at < frame.data.length; at += 3) sum += frame.data[at] ?? 0;
  return { time: frame.time, vector: [(3 * sum) / (255 * frame.data.length)] };
}

const summary = await writeDataset(out, inputs, {
  memory: '1GiB',
  version: '1', // of `brightness`
  columns: (scope) => {
    const frames = scope.frames(alexnet.input);
    return {
      visual: frames.pipe(scope.embed(alexnet), scope.subclips({ count: 10 })),
      brightness: frames.pipe(map(brightness), scope.subclips({ count: 10, statistic: 'meanvar' })),
    };
  },
});

console.log(`${summary.videos.committed} committed; ${summary.frames} frames were decoded, once each`);
for (const { name, busySeconds, wallSeconds } of summary.operators) {
  console.log(`  ${name}: busy ${((100 * busySeconds) / wallSeconds).toFixed(0)} %`);
}
