import { UsageError } from '../../src/core/errors.ts';
import { evaluatePredictions } from '../../src/graphs/evaluation.ts';
import { evaluateModel } from '../../src/graphs/model-evaluation.ts';
import { evaluationText } from '../evaluation-text.ts';
import { seedOption } from '../list-options.ts';
import { helpOfModel } from '../model-flags.ts';
import { evaluatedModelFlags, readModelOptions } from '../model-options.ts';
import type { Arguments, Command } from '../options.ts';
import { readScoringOptions, scoringOptions } from '../scoring-options.ts';

const ofModels = [
  ...['train', 'test', 'validation', 'model', 'seed', 'features', 'trailers'],
  ...Object.keys(evaluatedModelFlags),
];

/** `reelflow evaluate`: the metrics of predictions, somebody's or a model's. */
export const command: Command = {
  name: 'evaluate',
  usage: '--predictions FILE | --train FILE --test FILE --model NAME [--set KEY=VALUE]',
  does: 'scores predicted ratings, from a file or of a model that it fits',
  options: {
    predictions: { type: 'string', value: 'FILE', does: 'columns user, item, rating, prediction' },
    train: { type: 'string', value: 'FILE', does: 'ratings to learn from: CSV, u1.base, Parquet, ...' },
    test: { type: 'string', value: 'FILE', does: 'ratings to be predicted' },
    validation: { type: 'string', value: 'FILE', does: 'ratings for early stopping (default: a tenth of --train)' },
    model: { type: 'string', value: 'NAME', does: 'random, baseline, user-knn, item-knn, regsvd, svd, ...' },
    seed: { type: 'string', value: 'N', does: 'decides all draws (default 1)' },
    features: { type: 'string', value: 'FILE', does: 'training store, for the audiovisual models' },
    trailers: { type: 'string', value: 'FILE', does: 'trailer list, where features are those of trailers' },
    ...scoringOptions,
    json: { type: 'boolean', does: 'prints one JSON report on stdout' },
    ...evaluatedModelFlags,
  },
  examples: [
    'reelflow evaluate --predictions predictions.csv --k 4,10 --movies ml-latest-small/movies.csv --json',
    'reelflow evaluate --train u1.base --test u1.test --model item-knn --similarity pearson-baseline --prediction baseline --neighbours 40',
    'reelflow evaluate --train train.csv --test test.csv --model svd --set factors=50 --seed 2',
  ],
  helpOptions: (argv) => helpOfModel(command.options, argv),
  run,
};

async function run(args: Arguments): Promise<number> {
  args.none(command.name);
  const scoring = readScoringOptions(args);
  const predictions = args.text('predictions');
  const given = ofModels.filter((name) => args.text(name) !== undefined || args.texts(name).length > 0);
  if (predictions !== undefined && given.length > 0) {
    throw new UsageError(`\`--predictions\` scores a file, so \`--${given[0]}\` has nothing to do`);
  }
  if (predictions === undefined && given.length === 0) {
    throw new UsageError('`--predictions FILE`, or `--train FILE --test FILE --model NAME`, is required', {
      remedy: 'See `reelflow evaluate --help`.',
    });
  }
  const report =
    predictions === undefined
      ? await evaluateModel({ ...scoring, ...readModel(args) })
      : await evaluatePredictions(predictions, scoring);
  process.stdout.write(args.flag('json') ? `${JSON.stringify(report)}\n` : evaluationText(report));
  return 0;
}

function readModel(args: Arguments) {
  const model = args.required('model');
  const seed = seedOption(args, 'seed');
  const [validation, features, trailers] = [args.text('validation'), args.text('features'), args.text('trailers')];
  return {
    train: args.required('train'),
    test: args.required('test'),
    model,
    options: readModelOptions(args, model),
    ...(validation !== undefined && { validation }),
    ...(seed !== undefined && { seed }),
    ...(features !== undefined && { features }),
    ...(trailers !== undefined && { trailers }),
  };
}
