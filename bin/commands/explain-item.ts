import { dirname } from 'node:path';
import { makeDirectory, replaceFile } from '../../src/core/atomic-file.ts';
import { UsageError } from '../../src/core/errors.ts';
import { editList } from '../../src/graphs/recommenders/edit-list.ts';
import { type ExplainedItem, explainItem } from '../../src/graphs/recommenders/explain-item.ts';
import { loadRecommender } from '../../src/graphs/recommenders/load-recommender.ts';
import { alignedRows } from '../../src/graphs/text-table.ts';
import { readUserGroups } from '../../src/io/ratings/read-user-groups.ts';
import { defineCommand } from '../command.ts';
import { flag, integer, required, text } from '../option-table.ts';
import { outputFile } from '../output-options.ts';

/** `reelflow explain-item`: what each subclip of an item contributes to its predictions. */
export const command = defineCommand({
  name: 'explain-item',
  operands: ['DIR'],
  does: 'what each subclip of an item contributes to the predictions of a recommender, and the best subclips for a user as time ranges',
  options: {
    item: required(text('ID', 'the item')),
    itemFeatures: text('DIR|FILE', 'features that include the item, if the recommender does not know it'),
    groups: text('FILE', 'a CSV of user and group: also gives the contributions for each group'),
    users: integer('N', 'how many users to predict for, spread evenly over all', '1000'),
    user: text('ID', 'chooses subclips for this user'),
    choose: integer('N', 'with --user: how many subclips', '3'),
    edl: outputFile('FILE', ['edl'], 'with --user: writes the time ranges as an edit list for video editors'),
    dryRun: flag('writes no edit list'),
    features: text('FILE', 'the training store, if it has been moved'),
  },
  examples: [
    'reelflow explain-item recommenders/dcf-av-1 --item 193609',
    'reelflow explain-item recommenders/dcf-av-1 --item cut-b --item-features new/ --user 42 --choose 4 --edl cut.edl',
  ],
  async run({ features, groups: list, edl, dryRun = false, ...options }, { operands: [directory = ''], console }) {
    for (const [name, value] of [
      ['choose', options.choose],
      ['edl', edl],
    ] as const) {
      if (value === undefined || options.user !== undefined) continue;
      throw new UsageError(`\`${name}\` has no effect without \`user\``, { option: name });
    }
    const groups = list === undefined ? undefined : await readUserGroups(list);
    console.stage('opening the recommender');
    const model = await loadRecommender(directory, { features });
    try {
      const explained = await explainItem(model, { ...options, groups });
      const { chosen } = explained;
      if (edl !== undefined && chosen && !dryRun) {
        await makeDirectory(dirname(edl));
        await replaceFile(edl, editList(explained.itemId, chosen));
      }
      console.result(explained, explainedText);
    } finally {
      await model.close();
    }
    return 0;
  },
});

function explainedText(explained: ExplainedItem): string {
  const { itemId, title, users, mean, subclips, words, chosen, trainedOn, predicts } = explained;
  const groups = Object.keys(subclips[0]?.groups ?? {});
  const streams = Object.keys(subclips[0]?.attention ?? {});
  const change = (value: number) => `${value < 0 ? '' : '+'}${value.toFixed(3)}`;
  const rows = alignedRows([
    ['subclip', 'seconds', 'change', ...streams.map((name) => `${name} counts`), ...groups],
    ...subclips.map(({ subclip, change: own, attention = {}, groups: ofGroups = {}, ...time }) => [
      ...[String(subclip), range(time), change(own)],
      ...streams.map((name) => `${(100 * (attention[name] ?? Number.NaN)).toFixed(0)} %`),
      ...groups.map((name) => change(ofGroups[name] ?? Number.NaN)),
    ]),
  ]);
  const what = predicts === 'scores' ? 'score' : 'prediction';
  return `${[
    `${title ?? itemId} [${itemId}]: mean ${what} of ${users} users ${mean.toFixed(2)}; what each subclip adds to it:`,
    ...rows,
    ...(words.length === 0 ? [] : ['what each word of its text adds:', ...wordRows(words, change)]),
    ...(chosen === undefined ? [] : chosenText(chosen)),
    ...trainedOn,
  ].join('\n')}\n`;
}

/** How many words are shown; `--json` has all that were left out. */
const shownWords = 10;

function wordRows(words: ExplainedItem['words'], change: (value: number) => string): string[] {
  return alignedRows(words.slice(0, shownWords).map(({ word, change: own }) => [`  ${word}`, change(own)]));
}

function chosenText({ user, subclips, prediction, whole }: NonNullable<ExplainedItem['chosen']>): string[] {
  const list = subclips.map(
    (each) => `  subclip ${each.subclip}${each.start === undefined ? '' : `, ${range(each)} s`}`,
  );
  return [
    `for user ${user}: ${prediction.toFixed(2)} from these alone, ${whole.toFixed(2)} from the whole item`,
    ...list,
  ];
}

function range({ start, end }: { readonly start?: number | undefined; readonly end?: number | undefined }): string {
  return start === undefined || end === undefined ? '-' : `${start.toFixed(1)} - ${end.toFixed(1)}`;
}
