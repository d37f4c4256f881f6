import { UsageError } from '../../src/core/errors.ts';
import { type LoadedRecommender, loadRecommender } from '../../src/graphs/recommenders/load-recommender.ts';
import { rankUsers } from '../../src/graphs/recommenders/rank-users.ts';
import {
  type PredictionReasons,
  type Recommendations,
  type RecommendedItem,
  recommend,
} from '../../src/graphs/recommenders/recommend.ts';
import { listFormats, type RecommendedToAll, recommendToAll } from '../../src/graphs/recommenders/recommend-all.ts';
import { type SimilarItems, similarItems, similarityBases } from '../../src/graphs/recommenders/similar-items.ts';
import type { RatingColumnNames } from '../../src/io/ratings/rating-layout.ts';
import { loadRatings } from '../../src/io/ratings/read-ratings.ts';
import { counted } from '../../src/io/report/table.ts';
import { audienceText, knownBy } from '../audience-text.ts';
import { defineCommand } from '../command.ts';
import type { Console } from '../console.ts';
import { flag, integer, names, positive, text, word } from '../option-table.ts';
import { outputFile } from '../output-options.ts';

/** The possible questions; exactly one is asked. */
const questions = ['user', 'ratingsOf', 'allUsers', 'item', 'similar'] as const;

/** `reelflow recommend`: items for users, or users for an item, by a trained recommender. */
export const command = defineCommand({
  name: 'recommend',
  operands: ['DIR'],
  does: 'the items that a trained recommender predicts a user would rate highest, or the users for an item',
  options: {
    user: text('ID', 'the user, as in the ratings'),
    ratingsOf: {
      ...text('FILE', 'instead: ratings by one user who is not in the training data; the recommender does not change'),
      formerly: ['ratings'],
    },
    columns: names('user=A,item=B', ['user', 'item', 'rating'] as const, 'with --ratings-of: names of its columns'),
    allUsers: flag('instead: every user in the training data, into the file `out`'),
    item: text('ID', 'instead: the users who would rate this item highest'),
    itemFeatures: text(
      'DIR|FILE',
      'with --item: features that include it, if the recommender does not know it, such as an unreleased cut',
    ),
    against: text('ID', 'with --item: another item, such as another cut, to compare over the same users'),
    threshold: positive(
      'RATING',
      'with --item: the prediction from which a user counts as audience',
      '4 on a scale up to 5',
    ),
    similar: text('ID', 'instead: the items most like this one'),
    out: outputFile('FILE', listFormats, 'with --all-users: a file named .csv, .jsonl or .parquet'),
    dryRun: flag('with --all-users: finds all lists and counts them; writes nothing'),
    by: word(similarityBases, 'with --similar: what items are compared by', 'content'),
    k: integer('N', 'how many items, or users', '10'),
    coldOnly: flag('only items without ratings in the training data, judged by their content'),
    minRatings: integer('N', 'only items with at least this many ratings in the training data', '0'),
    explain: flag(
      'the ratings that a prediction was computed from, or else the rated items nearest in content and what each branch of a two-branch network predicts alone',
    ),
    features: text('FILE', 'the training store, if it has been moved'),
    module: text('FILE[#NAME]', 'the module of a recommender of your own, as it was when it was trained'),
  },
  examples: [
    'reelflow recommend recommenders/dcf-av-1 --user 42 --k 10 --cold-only --explain',
    'reelflow recommend recommenders/svd --ratings-of me.csv',
    'reelflow recommend recommenders/svd --all-users --out lists.parquet',
    'reelflow recommend recommenders/dcf-av-1 --item 193609 --k 100',
    'reelflow recommend recommenders/dcf-av-1 --item cut-b --item-features new/ --against cut-a',
    'reelflow recommend recommenders/svd --similar 1 --by factors',
  ],
  async run({ features, module, ...options }, { operands: [directory = ''], console }) {
    const asked = questions.filter((name) => options[name] !== undefined);
    if (asked.length !== 1) {
      throw new UsageError(
        `exactly one of ${questions.map((name) => `\`${name}\``).join(', ')} must be given, but ${asked.length} were`,
        { option: 'user' },
      );
    }
    if ((options.allUsers === true) !== (options.out !== undefined)) {
      throw new UsageError('`allUsers` and `out` go together', { option: 'out' });
    }
    checkAsked(options);
    if (options.dryRun === true && options.out === undefined) {
      throw new UsageError('`dryRun` is for what is written: give `allUsers` and `out` with it', { option: 'dryRun' });
    }
    console.stage('opening the recommender');
    const model = await loadRecommender(directory, { features, module });
    try {
      await answer(model, options, console);
    } finally {
      await model.close();
    }
    return 0;
  },
});

/** Options that only some questions accept. */
const ofQuestions = {
  columns: ['ratingsOf'],
  by: ['similar'],
  itemFeatures: ['item'],
  against: ['item'],
  threshold: ['item'],
  coldOnly: ['user', 'ratingsOf', 'allUsers'],
  minRatings: ['user', 'ratingsOf', 'allUsers'],
  explain: ['user', 'ratingsOf'],
} as const satisfies Partial<Record<keyof Asked, readonly (keyof Asked)[]>>;

/** @throws UsageError for an option that belongs to another question than the one asked. */
function checkAsked(asked: Asked): void {
  const rules = Object.entries(ofQuestions) as [keyof typeof ofQuestions, readonly (keyof Asked)[]][];
  for (const [name, questions] of rules) {
    if (asked[name] === undefined || questions.some((question) => asked[question] !== undefined)) continue;
    const which = questions.map((question) => `\`${question}\``).join(' or ');
    throw new UsageError(`\`${name}\` has no effect without ${which}`, {
      option: name,
      remedy: `Leave out \`${name}\`, or give ${which}.`,
    });
  }
}

interface Asked {
  readonly user?: string | undefined;
  readonly ratingsOf?: string | undefined;
  readonly item?: string | undefined;
  readonly itemFeatures?: string | undefined;
  readonly against?: string | undefined;
  readonly threshold?: number | undefined;
  readonly similar?: string | undefined;
  readonly allUsers?: boolean | undefined;
  readonly out?: string | undefined;
  readonly columns?: RatingColumnNames | undefined;
  readonly dryRun?: boolean | undefined;
  readonly by?: (typeof similarityBases)[number] | undefined;
  readonly k?: number | undefined;
  readonly coldOnly?: boolean | undefined;
  readonly minRatings?: number | undefined;
  readonly explain?: boolean | undefined;
}

async function answer(model: LoadedRecommender, asked: Asked, console: Console): Promise<void> {
  const { user, ratingsOf, columns, item, similar, allUsers: _, out, dryRun = false, by, ...rest } = asked;
  const { itemFeatures, against, threshold, ...how } = rest;
  if (out !== undefined) {
    const made = await recommendToAll(model, { out, dryRun, ...how });
    console.result(made, allText);
  } else if (item !== undefined) {
    const ranked = await rankUsers(model, { item, itemFeatures, against, threshold, k: how.k });
    console.result(ranked, audienceText);
  } else if (similar !== undefined)
    console.result(await similarItems(model, { item: similar, by, ...how }), similarText);
  else if (ratingsOf !== undefined) {
    console.result(await recommend(model, { ratings: await ratingsOfOne(ratingsOf, columns), ...how }), textOf);
  } else console.result(await recommend(model, { user, ...how }), textOf);
}

/** The ratings of a file that holds those of a single user. */
async function ratingsOfOne(
  path: string,
  columns: RatingColumnNames | undefined,
): Promise<ReadonlyMap<string, number>> {
  const { ratings } = await loadRatings(path, { duplicateRatings: 'last', columns, onlyUser: 'new' });
  if (ratings.userIds.length > 1) {
    throw new UsageError(`${path} has ratings of ${ratings.userIds.length} users, but must have those of one`, {
      code: 'ratings',
      option: 'ratingsOf',
    });
  }
  return new Map(
    Array.from(ratings.items, (item, row) => [ratings.itemIds[item] as string, ratings.values[row] as number]),
  );
}

function allText({ out, users, usersWithout, rows }: RecommendedToAll): string {
  return `${out}: ${rows} recommendations for ${users} users${usersWithout === 0 ? '' : `, ${usersWithout} of them with no item left`}\n`;
}

function similarText({ itemId, title, by, items }: SimilarItems): string {
  const lines = items.map(
    ({ itemId: id, title: name, similarity, basis }, place) =>
      `${String(place + 1).padStart(3)}  ${similarity.toFixed(3)}  ${name ?? id} [${id}]  (${basis})`,
  );
  return `${[`like ${title ?? itemId} [${itemId}] by ${by}`, ...lines].join('\n')}\n`;
}

function textOf({
  user,
  recommender: model,
  predicts,
  rated,
  unknownItems = 0,
  candidates,
  items,
  branchNote,
  whyEmpty,
}: Recommendations): string {
  const who = user === undefined ? 'a new user' : `user ${user}`;
  const others = unknownItems === 0 ? '' : ` that it knows (${unknownItems} others are left out)`;
  const head = `${model} for ${who}, who has rated ${rated} items${others}: the best of ${candidates} others${predicts === 'scores' ? ', by scores that are not ratings' : ''}`;
  const lines = items.flatMap((item, place) => [itemLine(item, place + 1), ...explanation(item)]);
  const notes = [
    whyEmpty && `Nothing to recommend: ${whyEmpty}.`,
    branchNote,
    items.some(({ nearest = [] }) => nearest.length > 0)
      ? 'Items after `like` are similar in content: the predictions are not computed from them.'
      : undefined,
  ].filter((note) => note !== undefined);
  return `${[head, ...lines, ...notes].join('\n')}\n`;
}

function itemLine({ itemId, title, prediction, ratings }: RecommendedItem, place: number): string {
  return `${String(place).padStart(3)}  ${prediction.toFixed(2)}  ${title ?? itemId} [${itemId}]  (${knownBy(ratings)})`;
}

function bothSay(words: readonly string[] = []): string {
  return words.length === 0 ? '' : `; both say ${words.join(', ')}`;
}

/** Ratings named on a line each; the others are one line. */
const namedRatings = 3;

function reasonLines({ base, ratings, parts = [], by }: PredictionReasons): string[] {
  const signed = (value: number) => `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(3)}`;
  const named = ratings.slice(0, namedRatings).map(({ itemId, title, userId, rating, weight, contribution, words }) => {
    const who = itemId === undefined ? `user ${userId} has` : `${title ?? itemId} [${itemId}] is`;
    return `${signed(contribution)}  ${who} rated ${rating}  (weight ${weight.toFixed(3)}${bothSay(words)})`;
  });
  const others = ratings.slice(namedRatings);
  const rest = others.reduce((sum, { contribution }) => sum + contribution, 0);
  return [
    ...(by === undefined ? [] : [`by ${by}`]),
    ...(parts.length > 0 || (ratings.length === 0 && by !== undefined)
      ? []
      : [`${base.toFixed(3).padStart(6)}  ${ratings.length === 0 ? 'without any rating' : 'before these ratings'}`]),
    ...named,
    ...(others.length === 0 ? [] : [`${signed(rest)}  ${counted(others.length, 'other rating')}`]),
    ...parts.map(
      ({ recommender, weight, score }) =>
        `${signed(weight * score)}  ${weight.toFixed(3)} x ${score.toFixed(3)} of ${recommender}`,
    ),
  ].map((line) => `           ${line}`);
}

function explanation({ nearest = [], reasons, branches, attended = [] }: RecommendedItem): string[] {
  const counted = attended.map(
    ({ stream, subclip, share, start, end }) =>
      `           ${stream}: subclip ${subclip}${start === undefined || end === undefined ? '' : `, ${start.toFixed(1)} to ${end.toFixed(1)} s,`} counts ${(100 * share).toFixed(0)} %`,
  );
  const like = nearest.map(
    ({ itemId, title, rating, similarity, basis, words }) =>
      `           like ${title ?? itemId} [${itemId}], rated ${rating}  (${basis}: ${similarity.toFixed(3)}${bothSay(words)})`,
  );
  const lines = [...counted, ...(reasons === undefined ? [] : reasonLines(reasons)), ...like];
  if (branches === undefined) return lines;
  const { collaborative, content, average } = branches;
  const outputs = `by ratings alone ${collaborative.toFixed(2)}, by content alone ${content.toFixed(2)}, by neither ${average.toFixed(2)}`;
  return [`           ${outputs}`, ...lines];
}
