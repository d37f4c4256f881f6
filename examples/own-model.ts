/**
 * Your own ONNX network, by its model card: it says how frames become the network's input, and which tensor is the feature.
 *
 *   node dist/examples/own-model.js CARD.json VIDEO... OUT
 */
import { embed, Flow, frames, network, subclips, toDataset, UsageError, unit, videos } from 'reelflow';
import { from, map } from 'rxjs';

const [cardPath, ...rest] = process.argv.slice(2);
const out = rest.pop();
if (cardPath === undefined || out === undefined || rest.length === 0)
  throw new Error('usage: own-model CARD.json VIDEO... OUT');

const plan = network(cardPath);
const { input, preprocess } = plan.card;
if (input.kind !== 'frames') throw new UsageError(`${cardPath} must be the card of a visual network`);
const size = { width: input.width, height: input.height, resize: preprocess?.resize ?? 'crop' };
const look = await plan.open({ workers: 1, threads: 1 }); // one session, shared by all videos
const flow = new Flow('128MiB');

const units = from(videos(rest)).pipe(
  map((video) =>
    unit(video, () => {
      const scope = flow.scope(video.id);
      return frames(video, { scope, ...size }).pipe(
        embed(look, { scope }),
        subclips(video, { name: 'visual', count: [5, 10], statistic: ['mean', 'medmad'], scope }),
      );
    }),
  ),
);

const params = { card: plan.cardHash, weights: plan.weightsHash };
const summary = await toDataset(units, out, { name: 'own-model', params, models: [plan.card], concurrency: 2 });
await look.close();
for (const table of summary.tables) console.log(`${table.path}: ${table.rows} rows of ${table.items} videos`);
