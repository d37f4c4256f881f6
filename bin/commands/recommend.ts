import { UsageError } from '../../src/core/errors.ts';
import { loadModel } from '../../src/graphs/recommenders/load-model.ts';
import { type Recommendations, type RecommendedItem, recommend } from '../../src/graphs/recommenders/recommend.ts';
import type { Arguments, Command } from '../options.ts';

/** `reelflow recommend`: items for a user, by a trained model. */
export const command: Command = {
  name: 'recommend',
  usage: 'DIR --user U [--k 10] [--cold-only] [--explain]',
  does: 'the items that a trained model thinks a user would rate highest',
  options: {
    user: { type: 'string', value: 'ID', does: 'the user, as in the ratings' },
    k: { type: 'string', value: 'N', does: 'how many items (default 10)' },
    'cold-only': { type: 'boolean', does: 'only items that nobody has rated in training, judged by their content' },
    explain: {
      type: 'boolean',
      does: "the user's rated items nearest in content, and what each branch of a two-branch network predicts alone",
    },
    features: { type: 'string', value: 'FILE', does: 'where the training store is now, if it was moved' },
    json: { type: 'boolean', does: 'prints JSON' },
  },
  examples: ['reelflow recommend models/dcf-av-1 --user 42 --k 10 --cold-only --explain'],
  run,
};

async function run(args: Arguments): Promise<number> {
  const [directory, ...rest] = args.positionals;
  if (directory === undefined || rest.length > 0) {
    throw new UsageError('`reelflow recommend` takes one directory of a trained model');
  }
  const user = args.required('user');
  const [k, features] = [args.integer('k'), args.text('features')];
  const model = await loadModel(directory, features === undefined ? {} : { features });
  try {
    const found = await recommend(model, {
      ...{ user, coldOnly: args.flag('cold-only'), explain: args.flag('explain') },
      ...(k !== undefined && { k }),
    });
    process.stdout.write(args.flag('json') ? `${JSON.stringify(found)}\n` : textOf(found));
  } finally {
    await model.close();
  }
  return 0;
}

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
