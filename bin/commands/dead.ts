import { UsageError } from '../../src/core/errors.ts';
import { shellPath } from '../../src/core/shell-word.ts';
import { CommitStore } from '../../src/io/dataset/commit-store.ts';
import { modernise } from '../../src/io/dataset/layout.ts';
import { atDataset } from '../../src/io/objects/at-dataset.ts';
import { type CommandGroup, defineCommand } from '../command.ts';
import { didYouMean } from '../did-you-mean.ts';
import { extractionOptions } from '../extraction-options.ts';
import { flag, text } from '../option-table.ts';
import { flagsOf, renderMessages, renderOptions } from '../render-options.ts';

const code = text('CODE', 'only letters with this reason code, such as truncated');

const list = defineCommand({
  name: 'dead list',
  operands: ['DIR', '[ITEM...]'],
  does: 'lists the dead letters: which items failed, and why',
  options: { code },
  examples: ['reelflow dead list features/'],
  async run(values, { operands, console }) {
    return atDataset(operands[0] ?? '', async (directory) => {
      const { store, letters } = await chosenLetters([directory, ...operands.slice(1)], values.code);
      const known = await store.items();
      const placeOf = (item: string): string => {
        const { path, state } = known.get(item) ?? {};
        return path === undefined ? '' : `  (${path}${state === 'gone' ? ', no longer an input' : ''})`;
      };
      console.result({ dead: letters.map(({ letter }) => letter) }, ({ dead }) =>
        [
          ...dead.flatMap((letter) => [
            `${letter.item}  ${letter.code}  ${letter.message}${placeOf(letter.item)}`,
            ...letter.decoderLines.map((line) => `    ${line}`),
          ]),
          `${dead.length} dead letter(s)\n`,
        ].join('\n'),
      );
      return 0;
    });
  },
});

const retry = defineCommand({
  name: 'dead retry',
  operands: ['DIR', '[ITEM...]'],
  does: 'marks dead letters for the next run',
  options: { code, dryRun: flag('only lists the items') },
  examples: ['reelflow dead retry features/ --code timeout'],
  async run(values, { operands, console }) {
    return atDataset(operands[0] ?? '', async (directory) => {
      const modernised = values.dryRun ? undefined : await modernise(directory);
      if (modernised !== undefined) console.warn(modernised);
      const { store, letters } = await chosenLetters([directory, ...operands.slice(1)], values.code);
      const items = letters.map(({ letter }) => letter.item);
      if (values.dryRun) {
        console.result({ raised: 0, wouldRaise: items }, () =>
          [...items, `${items.length} item(s) would be retried in the next run\n`].join('\n'),
        );
        return 0;
      }
      const raised = await store.retry(letters.map(({ key }) => key));
      console.result({ raised }, () => `${raised} item(s) will be retried in the next run\n`);
      return 0;
    });
  },
});

/** `reelflow dead`: the items that failed, and why. */
export const command: CommandGroup = {
  name: 'dead',
  does: "a dataset's dead letters",
  commands: [list, retry],
  examples: ['reelflow dead list features/', 'reelflow dead retry features/ --code timeout'],
};

/**
 * The letters to list or retry.
 * @throws UsageError when an item has none, or no letter has the code.
 */
async function chosenLetters([directory = '', ...items]: readonly string[], wanted: string | undefined) {
  const store = await CommitStore.open(directory, { create: false });
  // A letter's remedy is an option of the next extraction.
  const all = renderMessages(await store.letters(), renderOptions(flagsOf(extractionOptions))).sort((a, b) =>
    a.letter.item < b.letter.item ? -1 : 1,
  );
  const codes = [...new Set(all.map(({ letter }) => letter.code))].sort();
  if (wanted !== undefined && !codes.includes(wanted)) {
    throw new UsageError(`no dead letter of ${directory} has the code '${wanted}'`, {
      remedy:
        codes.length === 0 ? 'There are no dead letters.' : `${didYouMean(wanted, codes)}Codes: ${codes.join(', ')}.`,
    });
  }
  const letters = all.filter(
    ({ letter }) =>
      (items.length === 0 || items.includes(letter.item)) && (wanted === undefined || letter.code === wanted),
  );
  const unknown = items.filter((item) => !letters.some(({ letter }) => letter.item === item));
  if (unknown.length > 0) {
    throw new UsageError(
      `there is no dead letter${wanted === undefined ? '' : ` '${wanted}'`} of '${unknown.join("', '")}'`,
      { remedy: `See \`reelflow dead list ${shellPath(directory)}\`.` },
    );
  }
  return { store, letters };
}
