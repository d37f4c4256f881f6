import { loadRecommender } from '../../src/graphs/recommenders/load-recommender.ts';
import { type Recommendations, type RecommendedItem, recommend } from '../../src/graphs/recommenders/recommend.ts';
import { defineCommand } from '../command.ts';
import { flag, integer, required, text } from '../option-table.ts';

/** `reelflow recommend`: items for a user, by a trained recommender. */
export const command = defineCommand({
  name: 'recommend',
  operands: ['DIR'],
  does: 'the items that a trained recommender predicts a user would rate highest',
  options: {
    user: required(text('ID', 'the user, as in the ratings')),
    k: integer('N', 'how many items', '10'),
    coldOnly: flag('only items without ratings in the training data, judged by their content'),
    explain: flag(
      "the user's rated items nearest in content, and what each branch of a two-branch network predicts alone",
    ),
    features: text('FILE', 'the training store, if it has been moved'),
    module: text('FILE[#NAME]', 'the module of a recommender of your own, as it was when it was trained'),
  },
  examples: ['reelflow recommend models/dcf-av-1 --user 42 --k 10 --cold-only --explain'],
  async run({ features, module, ...options }, { operands: [directory = ''], console }) {
    console.stage('opening the recommender');
    const model = await loadRecommender(directory, { ...(features && { features }), ...(module && { module }) });
    try {
      console.result(await recommend(model, options), textOf);
    } finally {
      await model.close();
    }
    return 0;
  },
});

function textOf({ user, model, rated, candidates, items, branchNote }: Recommendations): string {
  const head = `${model} for user ${user}, who has rated ${rated} items: the best of ${candidates} others`;
  const lines = items.flatMap((item, place) => [itemLine(item, place + 1), ...explanation(item)]);
  return `${[head, ...lines, ...(branchNote === undefined ? [] : [branchNote])].join('\n')}\n`;
}

function itemLine({ itemId, title, prediction, ratings }: RecommendedItem, place: number): string {
  const known = ratings === 0 ? 'not rated by anybody' : `${ratings} rating${ratings === 1 ? '' : 's'}`;
  return `${String(place).padStart(3)}  ${prediction.toFixed(2)}  ${title ?? itemId} [${itemId}]  (${known})`;
}

function explanation({ nearest = [], branches }: RecommendedItem): string[] {
  const lines = nearest.map(
    ({ itemId, title, rating, similarity, basis }) =>
      `           like ${title ?? itemId} [${itemId}], rated ${rating}  (${basis}: ${similarity.toFixed(3)})`,
  );
  if (branches === undefined) return lines;
  const { collaborative, content, average } = branches;
  const outputs = `by ratings alone ${collaborative.toFixed(2)}, by content alone ${content.toFixed(2)}, by neither ${average.toFixed(2)}`;
  return [`           ${outputs}`, ...lines];
}
