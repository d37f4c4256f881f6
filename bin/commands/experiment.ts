import { type PlannedExperiment, plannedExperiment } from '../../src/graphs/experiment/planned-experiment.ts';
import { tablesText } from '../../src/graphs/experiment/render-tables.ts';
import { type ExperimentResult, runExperiment } from '../../src/graphs/experiment/run-experiment.ts';
import { resultFiles } from '../../src/graphs/experiment/write-results.ts';
import { experimentReport } from '../../src/graphs/reports/experiment-report.ts';
import { type Command, defineCommand, optionsOf } from '../command.ts';
import { experimentFlags, readExperimentConfig } from '../experiment-options.ts';
import { catchInterrupts, drainNotice } from '../interrupts.ts';
import { flag } from '../option-table.ts';
import { outputDirectory, outputPage } from '../output-options.ts';
import { toldTo } from '../told-to.ts';
import { experimentLine } from '../training-progress.ts';
import { writePage } from '../write-page.ts';

/** `reelflow experiment`: the tables of the thesis. */
export const command: Command = defineCommand({
  name: 'experiment',
  operands: ['[FILE.json]'],
  usage: '[FILE.json] --out DIR [any key of the file as a flag]',
  does: 'compares recommenders across scenarios, folds and seeds, and prints the tables',
  options: {
    out: outputDirectory('output directory; an existing experiment is resumed', 'experiment/'),
    report: outputPage('a page that shows the results, as `reelflow report` makes it'),
    dryRun: flag('reads everything and reports what would be computed; writes nothing'),
  },
  further: experimentFlags,
  helpOptions: () => optionsOf(command),
  examples: [
    'reelflow experiment --ratings ml-latest-small/ --movies 400 --users 300 --per-user 20 --out results/',
    'reelflow experiment --ratings ml-latest-small/ --recommenders item-knn --grid item-knn.neighbours=10,20,40 --out grid/',
    'reelflow experiment --ratings ml-latest-small/ --grid item-knn.neighbours=10,20,40 --select rmse --compare-to baseline --out paper/',
    'reelflow experiment --ratings ml-latest-small/ --recommenders baseline,./mine.js --set mine.k=20 --metrics ./hit-rate.js --out own/',
    'reelflow experiment --ratings ml-latest-small/ --features reduced/ --inputs user-id,item-id,genres,visual,audio --out inputs/',
    'reelflow experiment thesis.json --seeds 1,2,3 --out thesis/ --json',
  ],
  async run({ out = 'experiment', report, dryRun = false }, { operands: [file], further, console }) {
    const config = await readExperimentConfig(file, further);
    console.stage('reading ratings');
    const interrupts = catchInterrupts(console, drainNotice('trainings'));
    let result: ExperimentResult;
    try {
      if (dryRun) {
        const planned = await plannedExperiment(config, { out, stop: interrupts.stop, ...toldTo(console) });
        console.result(planned, plannedText);
        return 0;
      }
      result = await runExperiment(config, {
        out,
        signal: interrupts.drain,
        stop: interrupts.stop,
        onProgress: (progress) => console.progress(progress, experimentLine),
        ...toldTo(console),
      });
    } finally {
      interrupts.release();
    }
    if (report !== undefined) await writePage(await experimentReport(out), report);
    console.result(result, resultText);
    return exitCode(result);
  },
});

function plannedText({ directory, points, configuration }: PlannedExperiment): string {
  const { recommenders, scenarios } = configuration;
  return `${points.total} points of ${recommenders.join(', ')} in ${scenarios.join(', ')}: ${points.total - points.reused} would be computed into ${directory}, ${points.reused} are already there\n`;
}

function resultText(result: ExperimentResult): string {
  const { points, trials, published, failures, directory, interrupted, comparisons, inputs } = result;
  const left = points.total - points.computed - points.reused - points.failed;
  const begun =
    points.computed === 0 && points.failed === 0 && !interrupted ? ': there was nothing left to compute' : '';
  const files = [
    ...resultFiles,
    ...(comparisons.length > 0 ? ['comparisons.csv'] : []),
    ...(inputs.length > 0 ? ['inputs.csv'] : []),
  ];
  return [
    ...(points.computed + points.reused > 0 ? [tablesText(result.tables, comparisons, [], inputs)] : []),
    published.shown
      ? `published: ${published.source}`
      : `published figures are not shown, because they are for ${published.differs.join('; ')}`,
    ...chosenLines(result),
    ...failures.map(
      ({ scenario, label, seed, fold, error }) =>
        `failed: ${scenario}, ${label}, seed ${seed}, fold ${fold}: ${error.message}${error.remedy === undefined ? '' : `\n  ${error.remedy}`}`,
    ),
    `${points.total} points: ${points.computed} computed, ${points.reused} were already there, ${points.failed} failed${left > 0 ? `, ${left} not started` : ''}${begun}`,
    ...(trials.computed + trials.reused + trials.failed > 0
      ? [
          `trials on the validation part: ${trials.computed} computed, ${trials.reused} were already there, ${trials.failed} failed`,
        ]
      : []),
    ...(points.computed + points.reused > 0 ? [`results in ${directory}: ${files.join(', ')}`] : []),
    '',
  ].join('\n');
}

/** What the validation part chose, and how often. */
function chosenLines({ rows }: ExperimentResult): string[] {
  return rows
    .filter(({ chosen }) => chosen.length > 0)
    .map(({ scenario, label, chosen }) => {
      const counts = new Map<string, number>();
      for (const each of chosen) counts.set(each.label, (counts.get(each.label) ?? 0) + 1);
      const words = [...counts]
        .sort(([, one], [, other]) => other - one)
        .map(([name, count]) => `${name} ${count === 1 ? 'once' : `${count} times`}`);
      return `chosen: ${scenario}, ${label}: ${words.join(', ')}`;
    });
}

function exitCode({ points, interrupted }: ExperimentResult): number {
  if (interrupted) return 130;
  if (points.failed === 0) return 0;
  return points.failed === points.total ? 1 : 3;
}
