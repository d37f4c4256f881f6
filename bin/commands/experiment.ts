import { tablesText } from '../../src/graphs/experiment/render-tables.ts';
import { type ExperimentResult, runExperiment } from '../../src/graphs/experiment/run-experiment.ts';
import { experimentFlags, readExperimentConfig } from '../experiment-options.ts';
import { catchInterrupts, drainNotice } from '../interrupts.ts';
import type { Arguments, Command } from '../options.ts';

/** `reelflow experiment`: the tables of the thesis. */
export const command: Command = {
  name: 'experiment',
  usage: '[FILE.json] --out DIR [any key of the file as a flag]',
  does: 'compares recommenders over scenarios, folds and seeds, and prints the tables',
  options: {
    ...experimentFlags,
    out: { type: 'string', value: 'DIR', does: 'where results go; goes on with what is there (default experiment/)' },
    json: { type: 'boolean', does: 'prints one JSON result on stdout' },
  },
  examples: [
    'reelflow experiment --ratings ml-latest-small/ --movies 400 --users 300 --per-user 20 --out results/',
    'reelflow experiment --ratings ml-latest-small/ --models item-knn --grid item-knn.neighbours=10,20,40 --out grid/',
    'reelflow experiment thesis.json --seeds 1,2,3 --out thesis/ --json',
  ],
  run,
};

async function run(args: Arguments): Promise<number> {
  const config = await readExperimentConfig(args);
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  const interrupts = catchInterrupts(say, drainNotice('trainings'));
  let result: ExperimentResult;
  try {
    result = await runExperiment(config, {
      out: args.text('out') ?? 'experiment',
      signal: interrupts.drain,
      stop: interrupts.stop,
      onMessage: (message) => say(args.render(message)),
    });
  } finally {
    interrupts.release();
  }
  result = args.rendered(result);
  process.stdout.write(args.flag('json') ? `${JSON.stringify(result)}\n` : resultText(result));
  return exitCode(result);
}

function resultText(result: ExperimentResult): string {
  const { points, published, failures, directory, interrupted } = result;
  const left = points.total - points.computed - points.reused - points.failed;
  const begun = points.computed === 0 && points.failed === 0 && !interrupted ? ': nothing was left to compute' : '';
  return [
    ...(points.computed + points.reused > 0 ? [tablesText(result.tables)] : []),
    published.shown
      ? `published: ${published.source}`
      : `published figures are not shown: theirs are of ${published.differs.join('; ')}`,
    ...failures.map(
      ({ scenario, label, seed, fold, error }) =>
        `failed: ${scenario}, ${label}, seed ${seed}, fold ${fold}: ${error.message}`,
    ),
    `${points.total} points: ${points.computed} computed, ${points.reused} were there, ${points.failed} failed${left > 0 ? `, ${left} not begun` : ''}${begun}`,
    `results: ${directory}/tables.txt, tables.md, results.csv, roc.csv, results.json`,
    '',
  ].join('\n');
}

function exitCode({ points, interrupted }: ExperimentResult): number {
  if (interrupted) return 130;
  if (points.failed === 0) return 0;
  return points.failed === points.total ? 1 : 3;
}
