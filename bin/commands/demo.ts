import { join } from 'node:path';
import { type DemoReport, type Likeness, runDemo } from '../../examples/demo/demo.ts';
import { demonstrateReal, type RealReport } from '../../examples/demo/real.ts';
import type { ColdRecommendation, PlantedReport } from '../../examples/planted/demonstration.ts';
import { evidenceTable } from '../../examples/planted/evidence.ts';
import type { RunProgress } from '../../src/graphs/run-progress.ts';
import { defineCommand } from '../command.ts';
import { memoryOption } from '../extraction-options.ts';
import { flag, text } from '../option-table.ts';
import { outputDirectory } from '../output-options.ts';
import { progressLine } from '../progress.ts';
import { summaryText } from '../summary.ts';
import { extractionToldTo } from '../told-to.ts';

/**
 * `reelflow demo`: the whole path from clips to recommendations, on clips and ratings that it
 * generates.
 */
export const command = defineCommand({
  name: 'demo',
  operands: [],
  does: 'generates small synthetic corpora, extracts features, trains recommenders, and shows the results',
  options: {
    out: outputDirectory('output directory for clips, features and pages', 'demo/'),
    real: text('DIR', 'your own videos instead of synthetic ones: they are extracted and shown'),
    memory: memoryOption,
    dryRun: flag('reports what would be made, and where; writes nothing'),
  },
  examples: ['reelflow demo', 'reelflow demo --memory 1GiB', 'reelflow demo --real trailers/ --out look/'],
  async run({ out: directory = 'demo', real, memory, dryRun = false }, { console }) {
    if (dryRun) {
      const made = (real === undefined ? ['clips', 'features', 'planted'] : ['features']).map((name) =>
        join(directory, name),
      );
      console.result({ directory, made }, () => (real === undefined ? plannedText(made) : plannedRealText(made)));
      return 0;
    }
    const options = {
      memory,
      onProgress: ({ operators: _, ...progress }: RunProgress) => console.progress(progress, progressLine),
      ...extractionToldTo(console),
    };
    if (real !== undefined) {
      const shown = await demonstrateReal(directory, real, options);
      console.result(shown, (made) => realText(made, directory));
      return 0;
    }
    const report = await runDemo(directory, options);
    console.result(report, (made) => demoText(made, directory));
    return 0;
  },
});

function plannedText([clips, features, planted]: readonly string[]): string {
  return [
    `${clips}/ would have six synthetic clips, ${features}/ their features, extracted twice to show the resume;`,
    `${planted}/ a second corpus with ratings, its features, recommenders and an experiment`,
    '',
  ].join('\n');
}

function plannedRealText([features]: readonly string[]): string {
  return `${features}/ would have the features of your videos, beside pages that show them\n`;
}

function realText({ extraction, report }: RealReport, directory: string): string {
  return `${summaryText(extraction, `${directory}/features`)}${report} shows the results and links to the other pages\n`;
}

function demoText(report: DemoReport, directory: string): string {
  const out = `${directory}/features`;
  return [
    '',
    'SYNTHETIC CLIPS, RANDOM WEIGHTS: this demonstrates the pipeline, not what trained features can do.',
    '',
    'first run',
    indent(summaryText(report.first, out)),
    'second run: exact resume',
    indent(summaryText(report.second, out)),
    'the most similar clip of each, by features (each look has two variants)',
    ...table(report.visual, report.audio),
    '',
    ...plantedText(report.planted),
    '',
    'what is there now',
    `  ${out}/_dataset.json                                 what made it`,
    `  ${out}/_units/                                       one Arrow file per video`,
    `  ${out}/subclips=10/aggregate=mean/part-00000.parquet the table`,
    `  ${directory}/planted/                                               the second corpus, all the way to the experiment`,
    '',
    'look at it with DuckDB',
    `  SELECT item_id, subclip, frames, patches, visual[1:4] FROM '${out}/**/*.parquet' ORDER BY 1, 2 LIMIT 5;`,
    '',
    `${report.planted.report} shows the results and links to the other pages`,
    '',
  ].join('\n');
}

function plantedText({ clips, users, unratedMovies, recommendations, evidence }: PlantedReport): string[] {
  return [
    `SYNTHETIC RATINGS: ${clips} more clips and ${users} users, with a hidden taste planted in both. Half of the users like clips that`,
    'go from dark to bright with rising tones, the others the reverse; every clip has the same brightnesses and tones.',
    `movies that nobody has rated (there are ${unratedMovies}), recommended by dcf-av-1 from what it sees and hears`,
    ...recommendations.map(recommendationText),
    'the hard-cold start: test movies without any rating in training (AUC 0.5 is chance)',
    ...evidenceTable(evidence).map((line) => `  ${line}`),
    '  shuffled: the same recommender with each movie given the features of another; mean-colour, mean-features: ridge regressions',
  ];
}

function recommendationText({ user, taste, title, prediction, order }: ColdRecommendation): string {
  const likes = taste > 0 ? 'dark to bright' : 'bright to dark';
  const shows = order > 0 ? 'dark to bright' : 'bright to dark';
  return `  user ${user}, who likes ${likes}: ${title}, predicted ${prediction.toFixed(1)}; it goes from ${shows}`;
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '  ');
}

function table(visual: readonly Likeness[], audio: readonly Likeness[]): string[] {
  return visual.map((look, index) => {
    const sound = audio[index];
    const heard = sound === undefined ? '' : `   sound: ${sound.nearest.padEnd(12)} (${sound.cosine.toFixed(2)})`;
    return `  ${look.item.padEnd(12)} look: ${look.nearest.padEnd(12)} (${look.cosine.toFixed(2)})${heard}`;
  });
}
