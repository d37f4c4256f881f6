/**
 * Uses your own ONNX network through its network card, which says how frames become the network's
 * input, and which tensor is the feature vector.
 *
 *   node dist/examples/own-network.js CARD.json VIDEO... OUT
 */
import { network, writeDataset } from 'reelflow';

const [cardPath, ...inputs] = process.argv.slice(2);
const out = inputs.pop();
if (cardPath === undefined || out === undefined || inputs.length === 0)
  throw new Error('usage: own-network CARD.json VIDEO... OUT');

const own = network<Uint8Array>(cardPath); // it reads pictures
const { tables } = await writeDataset(out, inputs, {
  columns: (scope) => ({
    visual: scope
      .frames(own.input)
      .pipe(scope.embed(own), scope.subclips({ count: [5, 10], statistic: ['mean', 'medmad'] })),
  }),
});
for (const table of tables) console.log(`${table.path}: ${table.rows} rows of ${table.items} videos`);
