import { UsageError } from '../../src/core/errors.ts';
import { isModulePath } from '../../src/core/module-export.ts';
import { evaluatePredictions } from '../../src/graphs/evaluation.ts';
import { evaluateRecommender, type RecommenderEvaluationOptions } from '../../src/graphs/recommender-evaluation.ts';
import { loadRecommenderModule } from '../../src/graphs/recommenders/recommender-module.ts';
import { checkRecommenderName, recommenderNames } from '../../src/graphs/recommenders/recommender-names.ts';
import { defineCommand } from '../command.ts';
import { evaluationText } from '../evaluation-text.ts';
import { missingOption, type OptionTable, repeated, seed, text, word } from '../option-table.ts';
import { featureSources, implicitFeedback } from '../rating-sources.ts';
import {
  evaluatedRecommenderFlags,
  helpOfRecommender,
  readRecommenderFlags,
  readRecommenderSettings,
} from '../recommender-flags.ts';
import { scoringOptions } from '../scoring-options.ts';

const { demographics: _ofRecommenders, ...itemSources } = featureSources;
const ofModels = {
  train: text('FILE', 'ratings to learn from: CSV, u1.base, Parquet, ...'),
  test: text('FILE', 'ratings to predict'),
  validation: text('FILE', 'ratings for early stopping', 'a tenth of --train'),
  recommender: {
    ...text('NAME', 'random, baseline, item-knn, svd, ..., or a module such as ./mine.js'),
    suggestions: recommenderNames,
    formerly: ['model'],
  },
  protocol: word(['rated', 'catalogue'], 'rank rated test items only, or all items too', 'rated'),
  ...implicitFeedback,
  seed: seed('seed of all random draws', '1'),
  ...itemSources,
} satisfies OptionTable<RecommenderEvaluationOptions>;
const options = {
  predictions: text('FILE', 'columns user, item, rating, prediction'),
  ...ofModels,
  set: repeated('KEY=VALUE', 'any option of the recommender', (texts) => texts),
  ...scoringOptions,
};

/** `reelflow evaluate`: computes metrics of predictions from a file or from a recommender. */
export const command = defineCommand({
  name: 'evaluate',
  operands: [],
  usage: '--predictions FILE | --train FILE --test FILE --recommender NAME [options]',
  does: 'computes metrics of predicted ratings, read from a file or made by a recommender that it fits',
  options,
  further: evaluatedRecommenderFlags,
  helpOptions: (argv) => helpOfRecommender(options, argv),
  examples: [
    'reelflow evaluate --predictions predictions.csv --k 4,10 --movies ml-latest-small/movies.csv --json',
    'reelflow evaluate --train u1.base --test u1.test --recommender item-knn --similarity pearson-baseline --prediction baseline --neighbours 40',
    'reelflow evaluate --train train.csv --test test.csv --recommender svd --set factors=50 --seed 2',
    'reelflow evaluate --train train.csv --test test.csv --recommender ./mine.js --metrics ./hit-rate.js',
  ],
  async run(values, { further, console }) {
    const { predictions, train, test, recommender: model, set = [], ...others } = values;
    const given = [...Object.keys(ofModels), 'set'].filter((name) => values[name as 'set'] !== undefined);
    const [ofModel] = [...given, ...Object.keys(further)];
    if (predictions !== undefined && ofModel !== undefined) {
      throw new UsageError(`\`--predictions\` scores a file, so \`--${ofModel}\` cannot be used with it`);
    }
    if (predictions === undefined && ofModel === undefined) {
      throw new UsageError('`--predictions FILE`, or `--train FILE --test FILE --recommender NAME`, is required', {
        remedy: 'See `reelflow evaluate --help`.',
      });
    }
    if (predictions !== undefined) {
      console.result(await evaluatePredictions(predictions, others), evaluationText);
      return 0;
    }
    for (const [flag, value] of Object.entries({ recommender: model, train, test })) {
      if (value === undefined || value === '') throw missingOption(flag);
    }
    console.stage(`fitting ${model}`);
    const name = checkRecommenderName(
      model !== undefined && isModulePath(model) ? await loadRecommenderModule(model) : model,
    );
    const settings = readRecommenderSettings(name, readRecommenderFlags(further, name), set);
    const report = await evaluateRecommender({
      ...others,
      ...{ train: train as string, test: test as string, recommender: name, options: settings },
    });
    console.result(report, evaluationText);
    return 0;
  },
});
