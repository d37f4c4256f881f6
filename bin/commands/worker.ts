import { explainText } from '../../src/graphs/explain.ts';
import { type PlannedWork, plannedWork, runWorker, type WorkerOptions } from '../../src/graphs/run-worker.ts';
import { defineCommand } from '../command.ts';
import { extractionOptions } from '../extraction-options.ts';
import { catchInterrupts, drainNotice } from '../interrupts.ts';
import { flag, type OptionTable, positive, repeated, required, text } from '../option-table.ts';
import { progressLine } from '../progress.ts';
import { summaryText } from '../summary.ts';
import { extractionToldTo, toldTo } from '../told-to.ts';

const { scratch, memory, concurrency, batch, workers, threads, device } = extractionOptions;

const options = {
  queue: required(text('URL', 'server of the queue: redis://, rediss:// or postgres://')),
  out: required(text('DIR', 'the dataset that the driver writes, at the same path')),
  graph: text('ID', 'refuses a dataset of another graph', 'the graph of the dataset'),
  modules: {
    ...repeated('FILE', 'a module of your own that may be loaded: ./flow.js', (texts) => [...texts]),
    default: 'none: neither the queue nor the dataset can make it run code',
    flag: 'module',
  },
  weights: {
    ...repeated('PATH', 'a file of weights, or a directory of them, searched before the stored ones', (texts) => [
      ...texts,
    ]),
    default: 'the stored ones',
  },
  idle: positive('SECONDS', 'ends after this long without a job', 'waits for more'),
  lock: positive('SECONDS', 'its jobs go to other workers after this long without a sign of life', '60'),
  cache: text('URI|none', 'cache of finished units, as in `reelflow extract`', 'none'),
  ...{ scratch, memory, concurrency, batch, workers, threads, device },
  dryRun: flag('checks everything and reports what would be computed, and in how much memory; takes no job'),
} satisfies OptionTable<WorkerOptions & { readonly dryRun: true }>;

/** `reelflow worker`: computes the items in a queue. */
export const command = defineCommand({
  name: 'worker',
  operands: [],
  usage: '--queue URL --out DIR [options]',
  does: 'computes the items that `reelflow extract --runner bullmq` puts in a queue',
  options,
  examples: [
    'reelflow worker --queue redis://queue:6379 --out /data/features --memory 4GiB',
    'reelflow worker --queue redis://queue:6379 --out /data/shots --module ./flow.js',
    'reelflow worker --queue postgres://db/jobs --out /data/features --idle 60    (ends when there is nothing to do)',
  ],
  async run({ dryRun, ...values }, { console }) {
    if (dryRun) {
      const planned = await plannedWork({ ...values, ...toldTo(console) });
      console.result(planned ?? { out: values.out, waits: true }, () => plannedText(planned, values.out));
      return 0;
    }
    const interrupts = catchInterrupts(console, drainNotice('videos'));
    try {
      const summary = await runWorker({
        ...values,
        drain: interrupts.drain,
        signal: interrupts.stop,
        onProgress: ({ operators: _, ...progress }) => console.progress(progress, progressLine),
        ...extractionToldTo(console),
      });
      if (summary !== undefined) console.result(summary, (made) => summaryText(made, values.out));
      // A signal to stop is the normal end of a worker.
      return 0;
    } finally {
      interrupts.release();
    }
  },
});

function plannedText(planned: PlannedWork | undefined, out: string): string {
  if (planned !== undefined) return explainText(planned, planned);
  return `no driver has created the dataset ${out} yet: a worker would wait for one\n`;
}
