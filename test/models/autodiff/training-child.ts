import { Trainer } from '../../../src/models/autodiff/trainer.ts';
import { lineData, lineNetwork, lineValidation } from './line-problem.ts';

// Trains with a checkpoint, and is killed by SIGKILL as it asks for its `killAt`-th batch; 0 lets
// it end.
const [path, killAt] = process.argv.slice(2) as [string, string];
let asked = 0;
const data = {
  async *batches(...[epoch, from, buffers]: Parameters<typeof lineData.batches>) {
    for await (const batch of lineData.batches(epoch, from, buffers)) {
      asked += 1;
      if (asked === Number(killAt)) process.kill(process.pid, 'SIGKILL');
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
