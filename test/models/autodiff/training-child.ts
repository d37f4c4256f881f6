import { Trainer } from '../../../src/models/autodiff/trainer.ts';
import { lineData, lineNetwork, lineValidation } from './line-problem.ts';

// Trains with a checkpoint, telling of each batch, slowly enough to be killed anywhere.
const [path] = process.argv.slice(2) as [string];
const data = {
  async *batches(...[epoch, from, buffers]: Parameters<typeof lineData.batches>) {
    let index = from;
    for await (const batch of lineData.batches(epoch, from, buffers)) {
      process.stdout.write(`batch ${epoch} ${index++}\n`);
      await new Promise((resolve) => setTimeout(resolve, 3));
      yield batch;
    }
  },
};
const trainer = await Trainer.open(lineNetwork, {
  ...{ seed: 4, epochs: 6, learningRate: 0.01 },
  checkpoint: { path, everySteps: 5, data: 'line' },
});
const { history, resumedFrom } = await trainer.fit(data, lineValidation);
const weights = Object.fromEntries([...(await trainer.weights())].map(([name, values]) => [name, [...values]]));
await trainer.close();
process.stdout.write(`result ${JSON.stringify({ history, resumedFrom, weights })}\n`);
