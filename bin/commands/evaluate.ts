import { UsageError } from '../../src/core/errors.ts';
import { evaluatePredictions } from '../../src/graphs/evaluation.ts';
import { evaluateModel, type ModelEvaluationOptions } from '../../src/graphs/model-evaluation.ts';
import { checkModelName, modelNames } from '../../src/graphs/recommenders/model-names.ts';
import { defineCommand } from '../command.ts';
import { evaluationText } from '../evaluation-text.ts';
import { evaluatedModelFlags, helpOfModel, readModelFlags, readModelSettings } from '../model-flags.ts';
import { missingOption, type OptionTable, repeated, seed, text } from '../option-table.ts';
import { featureSources } from '../rating-sources.ts';
import { scoringOptions } from '../scoring-options.ts';

const ofModels = {
  train: text('FILE', 'ratings to learn from: CSV, u1.base, Parquet, ...'),
  test: text('FILE', 'ratings to be predicted'),
  validation: text('FILE', 'ratings for early stopping', 'a tenth of --train'),
  model: {
    ...text('NAME', 'random, baseline, user-knn, item-knn, regsvd, svd, ...'),
    suggestions: modelNames,
  },
  seed: seed('decides all draws', '1'),
  ...featureSources,
} satisfies OptionTable<ModelEvaluationOptions>;
const options = {
  predictions: text('FILE', 'columns user, item, rating, prediction'),
  ...ofModels,
  set: repeated('KEY=VALUE', 'any option of the model', (texts) => texts),
  ...scoringOptions,
};

/** `reelflow evaluate`: the metrics of predictions, somebody's or a model's. */
export const command = defineCommand({
  name: 'evaluate',
  operands: [],
  usage: '--predictions FILE | --train FILE --test FILE --model NAME [options]',
  does: 'scores predicted ratings, from a file or of a model that it fits',
  options,
  further: evaluatedModelFlags,
  helpOptions: (argv) => helpOfModel(options, argv),
  examples: [
    'reelflow evaluate --predictions predictions.csv --k 4,10 --movies ml-latest-small/movies.csv --json',
    'reelflow evaluate --train u1.base --test u1.test --model item-knn --similarity pearson-baseline --prediction baseline --neighbours 40',
    'reelflow evaluate --train train.csv --test test.csv --model svd --set factors=50 --seed 2',
  ],
  async run(values, { further, console }) {
    const { predictions, train, test, model, set = [], ...others } = values;
    const given = [...Object.keys(ofModels), 'set'].filter((name) => values[name as 'set'] !== undefined);
    const [ofModel] = [...given, ...Object.keys(further)];
    if (predictions !== undefined && ofModel !== undefined) {
      throw new UsageError(`\`--predictions\` scores a file, so \`--${ofModel}\` has nothing to do`);
    }
    if (predictions === undefined && ofModel === undefined) {
      throw new UsageError('`--predictions FILE`, or `--train FILE --test FILE --model NAME`, is required', {
        remedy: 'See `reelflow evaluate --help`.',
      });
    }
    if (predictions !== undefined) {
      console.result(await evaluatePredictions(predictions, others), evaluationText);
      return 0;
    }
    for (const [flag, value] of Object.entries({ model, train, test })) {
      if (value === undefined || value === '') throw missingOption(flag);
    }
    console.stage(`fitting ${model}`);
    const name = checkModelName(model);
    const settings = readModelSettings(name, readModelFlags(further, name), set);
    const report = await evaluateModel({
      ...others,
      ...{ train: train as string, test: test as string, model: name, options: settings },
    });
    console.result(report, evaluationText);
    return 0;
  },
});
