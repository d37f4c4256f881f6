/**
 * One decode, two operators: every frame goes to a network and to a plain function, is decoded once, and counts once.
 *
 *   node dist/examples/two-operators.js VIDEO... OUT
 *
 * AlexNet has random weights here: its features mean nothing. The first run writes it into the cache, about 230 MB.
 */
import { embed, Flow, type Frame, frames, network, subclips, toDataset, unit, videos } from 'reelflow';
import { from, map, merge, share } from 'rxjs';

const inputs = process.argv.slice(2, -1);
const out = process.argv.at(-1);
if (out === undefined || inputs.length === 0) throw new Error('usage: two-operators VIDEO... OUT');

const flow = new Flow('128MiB');
const look = await network('alexnet', { weights: 'random:1' }).open();
let decoded = 0;

/** How bright a frame is, in [0, 1], from its green channel. */
function brightness(frame: Frame) {
  let sum = 0;
  for (let at = 1; at < frame.data.length; at += 3) sum += frame.data[at] ?? 0;
  return { time: frame.time, vector: [(3 * sum) / (255 * frame.data.length)] };
}

const units = from(videos(inputs)).pipe(
  map((video) =>
    unit(video, () => {
      const scope = flow.scope(video.id);
      const counted = (frame: Frame) => {
        decoded += 1;
        return frame;
      };
      const shots = frames(video, { scope, resize: 'crop' }).pipe(map(counted), share());
      return merge(
        shots.pipe(embed(look, { scope }), subclips(video, { name: 'visual', count: 10, statistic: 'mean', scope })),
        shots.pipe(map(brightness), subclips(video, { name: 'brightness', count: 10, statistic: 'meanvar', scope })),
      );
    }),
  ),
);

const params = { weights: 'random:1', brightness: 1 };
const summary = await toDataset(units, out, { name: 'two-operators', params, concurrency: 2 });
await look.close();
console.log(`${summary.committed} committed; ${decoded} frames were decoded, once each`);
for (const { name, busySeconds, wallSeconds } of flow.metrics().operators) {
  console.log(`  ${name}: busy ${((100 * busySeconds) / wallSeconds).toFixed(0)} %`);
}
