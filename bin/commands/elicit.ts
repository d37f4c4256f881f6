import { type ElicitReport, elicit } from '../../src/graphs/elicit/elicit.ts';
import { checkRecommenderName, recommenderNames } from '../../src/graphs/recommenders/recommender-names.ts';
import { alignedRows } from '../../src/graphs/text-table.ts';
import { adaptiveStrategies, askingStrategies } from '../../src/models/recommenders/elicit/strategies.ts';
import { defineCommand } from '../command.ts';
import { integer, repeated, seed, text, words } from '../option-table.ts';
import { featureSources, ratingReading, ratingSources } from '../rating-sources.ts';
import { readRecommenderSettings } from '../recommender-flags.ts';
import { toldTo } from '../told-to.ts';

const options = {
  ...ratingSources,
  ...featureSources,
  ...ratingReading,
  recommender: {
    ...text('NAME', 'who predicts from the answers', 'svd'),
    suggestions: recommenderNames,
  },
  set: repeated('KEY=VALUE', 'an option of the recommender', (texts) => texts),
  strategies: words(
    'NAMES',
    [...askingStrategies, ...adaptiveStrategies],
    'orders of the questions; default: all that the data allows and that take minutes',
  ),
  questions: integer('Q', 'maximum number of questions per user', '20'),
  seed: seed('seed of all random draws', '1'),
};

/** `reelflow elicit`: measures what asking new users questions is worth. */
export const command = defineCommand({
  name: 'elicit',
  operands: [],
  usage: '--ratings DIR|FILE [options]',
  does: 'asks held-out users about items in different orders, and shows how well the rest is predicted from the answers',
  options,
  examples: [
    'reelflow elicit --ratings ml-latest-small --questions 10',
    'reelflow elicit --ratings ml-latest-small --features reduced/ --recommender ease --strategies popularity,content-spread --json',
  ],
  async run(values, { console }) {
    const { set = [], recommender = 'svd', columns, scale, duplicateRatings, skipBadLines, ...others } = values;
    console.stage('reading ratings');
    const report = await elicit({
      ...others,
      recommender,
      options: readRecommenderSettings(checkRecommenderName(recommender), {}, set),
      reading: { columns, scale, duplicateRatings, skipBadLines },
      ...toldTo(console),
    });
    console.result(report, elicitText);
    return 0;
  },
});

/**
 * A line for each strategy: RMSE, NDCG@10 and the answered share, before any question and after
 * each number of questions.
 */
function elicitText({ recommender, users, curves }: ElicitReport): string {
  const [first = []] = Object.values(curves);
  const shown = [0, 1, 2, 5, 10, 20, 50].filter((questions) => questions < first.length);
  const table = (title: string, value: 'rmse' | 'ndcg' | 'answered') => [
    '',
    ...alignedRows([
      [title, ...shown.map((questions) => `${questions}`)],
      ...Object.entries(curves).map(([strategy, points]) => [
        strategy,
        ...shown.map((questions) => {
          const found = points[questions]?.[value] ?? Number.NaN;
          return Number.isNaN(found) ? '-' : found.toFixed(4);
        }),
      ]),
    ]),
  ];
  return [
    `${users.asked} users asked, none of them among the ${users.learnt} that ${recommender} learnt from; columns: questions`,
    ...table('RMSE', 'rmse'),
    ...table('NDCG@10', 'ndcg'),
    ...table('answered', 'answered'),
    '',
  ].join('\n');
}
