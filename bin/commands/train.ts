import { UsageError } from '../../src/core/errors.ts';
import type { FitProgress } from '../../src/graphs/recommenders/fit-data.ts';
import { checkModelName, isDeepModel, modelNames } from '../../src/graphs/recommenders/model-names.ts';
import { type TrainSummary, trainRecommender } from '../../src/graphs/recommenders/train-recommender.ts';
import type { ValidationFigures } from '../../src/graphs/recommenders/validation-figures.ts';
import { catchInterrupts } from '../interrupts.ts';
import { helpOfModel, modelFlags, readModelFlags } from '../model-flags.ts';
import type { Arguments, Command } from '../options.ts';
import { ratingFlags, readRatingFlags } from '../rating-flags.ts';

/** `reelflow train`: a recommender from ratings and features. */
export const command: Command = {
  name: 'train',
  usage: 'MODEL --ratings DIR|FILE --out DIR [options]        (the options of a model: train MODEL --help)',
  does: `trains a recommender and saves it (${modelNames.join(', ')})`,
  options: {
    ...ratingFlags,
    features: {
      type: 'string',
      value: 'FILE',
      does: 'features of the items: the items.arrow of `reelflow reduce` or `import-features`',
    },
    trailers: {
      type: 'string',
      value: 'FILE',
      does: 'which trailers show which items, when features have trailer ids',
    },
    out: { type: 'string', value: 'DIR', does: 'the trained model; an interrupted training continues' },
    seed: { type: 'string', value: 'N', does: 'decides every draw (default 1)' },
    validation: {
      type: 'string',
      value: 'KIND',
      does: 'a tenth for early stopping of networks: ratings at random, item-cold (whole items; default with features), none',
    },
    logdir: {
      type: 'string',
      value: 'DIR',
      does: 'TensorBoard event files of a network: losses, learning rate, weights',
    },
    json: { type: 'boolean', does: 'prints one JSON summary on stdout' },
    ...modelFlags,
  },
  examples: [
    'reelflow train item-knn --ratings ml-latest-small --out models/item-knn --k 40 --similarity pearson-baseline',
    'reelflow train dcf-av-1 --ratings ml-20m --features reduced/items.arrow --trailers ml-youtube.csv --out models/dcf-av-1 --logdir runs/1',
  ],
  helpOptions: (argv) => helpOfModel(command.options, argv),
  run,
};

async function run(args: Arguments): Promise<number> {
  const [name, ...rest] = args.positionals;
  if (name === undefined || rest.length > 0) {
    throw new UsageError(`\`reelflow train\` takes one model, but ${args.positionals.length} came`, {
      remedy: `Models: ${modelNames.join(', ')}.`,
    });
  }
  const model = checkModelName(name);
  const { features, trailers, logdir, validation } = Object.fromEntries(
    ['features', 'trailers', 'logdir', 'validation'].map((option) => [option, args.text(option)]),
  );
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  // The other models learn without a pause in which an interrupt could be heard, and have nothing to keep: it ends the process.
  const interrupts = !isDeepModel(model)
    ? undefined
    : catchInterrupts(say, 'stopping; the checkpoint stays, and the same command goes on from it');
  let summary: TrainSummary;
  try {
    summary = await trainRecommender({
      ...{ model, ...readRatingFlags(args), out: args.required('out'), options: readModelFlags(args, model) },
      ...(features !== undefined && { features }),
      ...(trailers !== undefined && { trailers }),
      ...(logdir !== undefined && { logDirectory: logdir }),
      ...(validation !== undefined && { validation: { kind: validation as 'ratings' } }),
      seed: readSeed(args),
      ...(interrupts && { signal: interrupts.drain }),
      onProgress: (progress) => say(progressLine(progress)),
      onMessage: say,
    });
  } catch (error) {
    if (interrupts?.drain.aborted !== true || error !== interrupts.drain.reason) throw error;
    return 130;
  } finally {
    interrupts?.release();
  }
  process.stdout.write(args.flag('json') ? `${JSON.stringify(summary)}\n` : summaryText(summary));
  return 0;
}

function readSeed(args: Arguments): number {
  const text = args.text('seed') ?? '1';
  if (/^\d{1,10}$/.test(text) && Number(text) <= 0xffffffff) return Number(text);
  throw new UsageError(`\`--seed\` must be a whole number from 0 to 4294967295, but is '${text}'`);
}

function progressLine({ epoch, epochs, loss, validationLoss }: FitProgress): string {
  const validation = validationLoss === undefined ? '' : `  validation loss ${validationLoss.toFixed(4)}`;
  return `epoch ${epoch} of at most ${epochs}  loss ${loss.toFixed(4)}${validation}`;
}

function validationLine({ ratings, newItems, rmse, meanRmse, auc, aucUsers }: ValidationFigures): string {
  const what = newItems > 0 ? `${ratings} ratings of ${newItems} held-out items` : `${ratings} held-out ratings`;
  const area = Number.isNaN(auc) ? '' : `, AUC ${auc.toFixed(3)} over ${aucUsers} users (chance 0.5)`;
  return `validation, ${what}: RMSE ${rmse.toFixed(3)} (the mean rating ${meanRmse.toFixed(3)})${area}`;
}

function summaryText(summary: TrainSummary): string {
  const { model, out, ratings, validationRatings, users, ratedItems, unratedItems, best, epochs } = summary;
  const lines = [
    summary.alreadyTrained
      ? `${out} holds this ${model} already: nothing was trained`
      : `${model} in ${out}: trained in ${summary.trainSeconds.toFixed(1)} s${summary.resumed ? ', going on from a checkpoint' : ''}`,
    `${ratings} ratings (${validationRatings} for early stopping), ${users} users, ${ratedItems} rated items, ${unratedItems} unrated items that it can judge`,
  ];
  if (best !== undefined) {
    const loss = best.loss === null ? '' : `, validation loss ${best.loss.toFixed(4)}`;
    lines.push(`${epochs} epochs, weights of epoch ${best.epoch + 1}${loss}`);
  }
  if (summary.validation !== undefined) lines.push(validationLine(summary.validation));
  if (summary.badLines > 0) lines.push(`bad lines passed over: ${summary.badLines}`);
  return `${lines.join('\n')}\n`;
}
