import { STANDARDISATIONS } from '../../src/graphs/import/column-scales.ts';
import type { FeatureFileOptions } from '../../src/graphs/import/feature-file.ts';
import { importFeatures } from '../../src/graphs/import/import-features.ts';
import {
  categoryInput,
  type FeatureInput,
  featureInput,
  MISSING_RULES,
  textInput,
} from '../../src/graphs/import/import-options.ts';
import { defineCommand } from '../command.ts';
import { importText } from '../import-text.ts';
import { untilInterrupted } from '../interrupts.ts';
import { flag, integer, type Option, parsed, repeated, required, text, word } from '../option-table.ts';
import { outputFile } from '../output-options.ts';

/** Milliseconds that a running sort may take to finish. */
const STOP_WITHIN = 2000;

const texts = (value: string, does: string): Option<readonly string[]> => repeated(value, does, (given) => given);

const options = {
  out: required(outputFile('FILE', ['arrow'], 'the training store (.arrow), for train and experiment --features')),
  id: texts(
    '[NAME=]COLUMN',
    'column (of .npz: array) of the ids (default: the first named itemId, movieId, id, ..., else the first)',
  ),
  ids: texts('[NAME=]FILE', 'ids of the rows, if a file has none (.npy)'),
  subclip: texts('[NAME=]COLUMN', "numbers the rows of an item that has several (default: 'subclip', if there is one)"),
  column: texts('[NAME=]COLUMN', 'the column (array) that holds whole vectors'),
  columns: texts('[NAME=]A,B,...', 'the columns that hold one value each'),
  standardise: word(
    STANDARDISATIONS,
    'robust: clip at the 1st and 99th percentile, then mean 0 and deviation 1',
    'robust',
  ),
  fitOn: text('FILE', 'ids of the items to fit the standardisation to', 'all'),
  missing: word(
    MISSING_RULES,
    'values that are missing or not finite: an error (default), the mean, or the stream is left out for those items',
  ),
  genres: text('FILE', "a list of movies, whose genres become the stream 'genres'"),
  year: flag("the years in that list's titles become the stream 'year'"),
  categories: repeated(
    '[NAME=]FILE:COLUMN',
    'a column of categories, with | between several, becomes a stream',
    (given) => given.map(categoryInput),
  ),
  text: parsed(
    'DIR|FILE[:COLUMN]',
    "texts of the items (ID.srt, ID.vtt, ID.txt, or a column): the stream 'text'",
    textInput,
  ),
  textSubclips: integer('N', 'divides the texts into N subclips: subtitles by time, others by words', '1'),
  textClock: text('DIR', 'the dataset whose subclips divide subtitles', 'equal parts until the last cue ends'),
  textNetwork: text('CARD', 'the card of a network that turns texts into vectors', 'none: a value for each word'),
  textWords: integer('N', "the most words of 'text'", '500'),
  dryRun: flag('reads everything and reports what would be written; writes nothing'),
  minimumItems: integer('N', 'minimum number of items of a genre, category or word', '5'),
};

/** `reelflow import-features`: turns features from elsewhere into a training store. */
export const command = defineCommand({
  name: 'import-features',
  operands: ['[[NAME=]FILE...]'],
  does: 'features from elsewhere (CSV, JSON lines, NumPy, Parquet, Arrow), genres and texts to a training store',
  options,
  examples: [
    'reelflow import-features visual=avf.csv audio=ivectors.csv --genres ml-latest-small/movies.csv --out items.arrow',
    'reelflow import-features clip=embeddings.npy --ids ids.txt --fit-on train-items.txt --out items.arrow',
    'reelflow import-features frames.parquet --id movieId --subclip shot --column embedding --out items.arrow',
    'reelflow import-features visual=avf.csv --text subtitles/ --text-subclips 10 --out items.arrow',
  ],
  async run(values, { operands, console }) {
    console.stage('reading features');
    const { out, id, ids, subclip, column, columns, ...how } = values;
    return untilInterrupted(
      console,
      'stopping',
      async (signal) => {
        const inputs = readInputs(operands, { id, ids, subclip, column, columns });
        console.result(await importFeatures(inputs, out, { ...how, signal }), importText);
        return 0;
      },
      STOP_WITHIN,
    );
  },
});

type GivenByFile = Readonly<Record<keyof FeatureFileOptions, readonly string[] | undefined>>;

/** The files, each with the options given for it by name or for all. */
function readInputs(operands: readonly string[], options: GivenByFile): FeatureInput[] {
  const inputs = operands.map(featureInput);
  const names = inputs.map(({ name }) => name);
  const optionOf = (option: keyof FeatureFileOptions, name: string | undefined): string | undefined => {
    const given = (options[option] ?? []).map((text) => {
      const at = text.indexOf('=');
      const prefix = at > 0 && names.includes(text.slice(0, at)) ? text.slice(0, at) : undefined;
      return { prefix, value: prefix === undefined ? text : text.slice(at + 1) };
    });
    const own = given.findLast(({ prefix }) => prefix !== undefined && prefix === name);
    return (own ?? given.findLast(({ prefix }) => prefix === undefined))?.value;
  };
  return inputs.map((input) => ({
    ...input,
    id: optionOf('id', input.name),
    ids: optionOf('ids', input.name),
    subclip: optionOf('subclip', input.name),
    column: optionOf('column', input.name),
    columns: optionOf('columns', input.name)
      ?.split(',')
      .map((column) => column.trim()),
  }));
}
