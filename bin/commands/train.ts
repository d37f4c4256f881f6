import { isModulePath } from '../../src/core/module-export.ts';
import type { NewSince } from '../../src/graphs/recommenders/earlier-training.ts';
import { guaranteeText } from '../../src/graphs/recommenders/private-options.ts';
import { loadRecommenderModule } from '../../src/graphs/recommenders/recommender-module.ts';
import {
  checkRecommenderName,
  recommenderNames,
  trainsInEpochs,
} from '../../src/graphs/recommenders/recommender-names.ts';
import { type TrainSummary, trainRecommender } from '../../src/graphs/recommenders/train-recommender.ts';
import type { ValidationFigures } from '../../src/graphs/recommenders/validation-figures.ts';
import { defineCommand } from '../command.ts';
import { catchInterrupts } from '../interrupts.ts';
import { flag, repeated, required, seed, text, word } from '../option-table.ts';
import { outputDirectory } from '../output-options.ts';
import { featureSources, implicitFeedback, ratingReading, ratingSources } from '../rating-sources.ts';
import {
  helpOfRecommender,
  readRecommenderFlags,
  readRecommenderSettings,
  recommenderFlags,
} from '../recommender-flags.ts';
import { toldTo } from '../told-to.ts';
import { trainingLine } from '../training-progress.ts';

const options = {
  ...ratingSources,
  ...featureSources,
  out: required(outputDirectory('output directory; an interrupted training resumes')),
  ...ratingReading,
  ...implicitFeedback,
  refit: flag(
    'replaces a recommender in the directory that comes from other data, options or seed, once the new one is trained',
  ),
  dryRun: flag('reads everything and reports what would be trained; writes nothing'),
  set: repeated('KEY=VALUE', 'an option of the recommender that has no flag', (texts) => texts),
  seed: seed('seed of all random draws', '1'),
  validation: word(
    ['ratings', 'item-cold', 'none'],
    'a tenth for early stopping of recommenders that train in epochs: ratings at random, item-cold (whole items; default with features), none',
  ),
  device: text(
    'NAME',
    'where a recommender that trains in epochs learns: cpu or a card such as cuda, if that works',
    'cpu',
  ),
  logDirectory: {
    ...outputDirectory(
      'TensorBoard event files of the training: losses, learning rate, weights (of recommenders that train in epochs)',
    ),
    flag: 'logdir',
  },
};

/** `reelflow train`: a recommender from ratings and features. */
export const command = defineCommand({
  name: 'train',
  operands: ['RECOMMENDER'],
  operandWords: recommenderNames,
  usage:
    'RECOMMENDER --ratings DIR|FILE --out DIR [options]        (options of a recommender: train RECOMMENDER --help)',
  does: 'trains a recommender and saves it',
  options,
  further: recommenderFlags,
  helpOptions(argv) {
    const [name] = argv;
    if (name !== undefined && !name.startsWith('-') && !isModulePath(name)) checkRecommenderName(name);
    return helpOfRecommender(options, argv);
  },
  examples: [
    'reelflow train item-knn --ratings ml-latest-small --out recommenders/item-knn --k 40 --similarity pearson-baseline',
    'reelflow train ./mine.js --ratings ml-latest-small --out recommenders/mine --set k=20 --refit',
    'reelflow train dcf-av-1 --ratings ml-20m --features reduced/ --trailers ml-youtube.csv --out recommenders/dcf-av-1 --logdir runs/1',
  ],
  async run(values, { operands: [name], further, console }) {
    const recommender = checkRecommenderName(
      name !== undefined && isModulePath(name) ? await loadRecommenderModule(name) : name,
    );
    const { set = [], columns, scale, duplicateRatings, skipBadLines, implicit, validation, ...training } = values;
    console.stage('reading ratings');
    // The other recommenders never pause in their training to notice an interrupt, and have nothing
    // to keep: it ends the process.
    const interrupts = !trainsInEpochs(recommender)
      ? undefined
      : catchInterrupts(console, 'stopping; the checkpoint is kept, and the same command resumes from it');
    try {
      const summary = await trainRecommender({
        ...training,
        recommender,
        options: readRecommenderSettings(recommender, readRecommenderFlags(further, recommender), set),
        reading: { columns, scale, duplicateRatings, skipBadLines, implicit },
        validation: validation === undefined ? undefined : { kind: validation },
        signal: interrupts?.drain,
        onProgress: (progress) => console.progress(progress, trainingLine),
        ...toldTo(console),
      });
      console.result(summary, summaryText, { isNews: !summary.alreadyTrained });
      return 0;
    } catch (error) {
      if (interrupts?.drain.aborted !== true || error !== interrupts.drain.reason) throw error;
      return 130;
    } finally {
      interrupts?.release();
    }
  },
});

function validationLine({ ratings, newItems, rmse, meanRmse, auc, aucUsers }: ValidationFigures): string {
  const ofNew = newItems > 0 ? ` (${newItems} of their items without ratings in training)` : '';
  const what = `${ratings} held-out ratings${ofNew}`;
  const area = Number.isNaN(auc) ? '' : `, AUC ${auc.toFixed(3)} over ${aucUsers} users (chance 0.5)`;
  const error = Number.isNaN(rmse) ? 'scores' : `RMSE ${rmse.toFixed(3)} (the mean rating ${meanRmse.toFixed(3)})`;
  return `validation, ${what}: ${error}${area}`;
}

function summaryText(summary: TrainSummary): string {
  const {
    recommender: model,
    out,
    ratings,
    validationRatings,
    users,
    ratedItems,
    unratedItems,
    best,
    epochs,
  } = summary;
  const lines = [
    summary.alreadyTrained
      ? `${out} already holds this ${model} and nothing has changed: nothing was trained`
      : summary.dryRun
        ? `${model} would be trained into ${out} (recommender.json, ids.json, ratings.safetensors${trainsInEpochs(model) ? ', weights.safetensors' : ''} and, where the features are imported, items.arrow)`
        : `${model} in ${out}: trained in ${summary.trainSeconds.toFixed(1)} s${summary.resumed ? ', resumed from a checkpoint' : ''}`,
    `${ratings} ratings (${validationRatings} for early stopping), ${users} users, ${ratedItems} rated items, ${unratedItems} unrated items that it can predict for`,
  ];
  if (summary.since !== undefined) lines.push(`since the last time: ${sinceText(summary.since)}`);
  if (best !== undefined) {
    const loss = best.loss === null ? '' : `, validation loss ${best.loss.toFixed(4)}`;
    lines.push(`${epochs} epochs, weights of epoch ${best.epoch + 1}${loss}`);
  }
  if (summary.privacy !== undefined) lines.push(guaranteeText(summary.privacy));
  if (summary.validation !== undefined) lines.push(validationLine(summary.validation));
  if (summary.badLines > 0) lines.push(`bad lines skipped: ${summary.badLines}`);
  return `${lines.join('\n')}\n`;
}

function sinceText({ ratings, users, ratedItems, unratedItems, features }: NewSince): string {
  const signed = (count: number) => (count > 0 ? `+${count}` : String(count));
  return `${signed(ratings)} ratings, ${signed(users)} users, ${signed(ratedItems)} rated items, ${signed(unratedItems)} unrated items${features ? ', different features' : ''}`;
}
