import { FlowError } from '../../src/core/errors.ts';
import { STANDARDISATIONS } from '../../src/graphs/import/column-scales.ts';
import type { FeatureFileOptions } from '../../src/graphs/import/feature-file.ts';
import { importFeatures } from '../../src/graphs/import/import-features.ts';
import {
  categoryInput,
  type FeatureInput,
  featureInput,
  type ImportSummary,
  MISSING_RULES,
} from '../../src/graphs/import/import-options.ts';
import { importText } from '../import-text.ts';
import { catchInterrupts } from '../interrupts.ts';
import { wordOf } from '../list-options.ts';
import type { Arguments, Command } from '../options.ts';

/** Milliseconds in which a sort that is under way may come to its end. */
const STOP_WITHIN = 2000;

/** `reelflow import-features`: features from elsewhere to a training store. */
export const command: Command = {
  name: 'import-features',
  usage: '[NAME=]FILE... --out items.arrow [options]',
  does: 'features from elsewhere (CSV, JSON lines, NumPy, Parquet, Arrow) and genres to a training store',
  options: {
    out: { type: 'string', value: 'FILE', does: 'the training store, for train and experiment --features' },
    id: {
      ...{ type: 'string', value: '[NAME=]COLUMN', multiple: true },
      does: 'column (of .npz: array) of the ids (default: the first named itemId, movieId, id, ..., else the first)',
    },
    ids: {
      type: 'string',
      value: '[NAME=]FILE',
      multiple: true,
      does: 'ids of the rows, where a file has none (.npy)',
    },
    subclip: {
      ...{ type: 'string', value: '[NAME=]COLUMN', multiple: true },
      does: "numbers the rows of an item that has several (default: 'subclip', where there is one)",
    },
    column: {
      type: 'string',
      value: '[NAME=]COLUMN',
      multiple: true,
      does: 'the column (array) that holds whole vectors',
    },
    columns: { type: 'string', value: '[NAME=]A,B,...', multiple: true, does: 'the columns that hold one value each' },
    standardise: {
      ...{ type: 'string', value: STANDARDISATIONS.join('|') },
      does: 'robust (default): clip at the 1st and 99th percentile, then mean 0 and deviation 1',
    },
    'fit-on': { type: 'string', value: 'FILE', does: 'ids of the items that this is fitted to (default: all)' },
    missing: {
      ...{ type: 'string', value: MISSING_RULES.join('|') },
      does: 'values that are missing or not finite: an error (default), the mean, or their items lack the stream',
    },
    genres: { type: 'string', value: 'FILE', does: "a list of movies, whose genres become the stream 'genres'" },
    year: { type: 'boolean', does: "the years in that list's titles become the stream 'year'" },
    categories: {
      ...{ type: 'string', value: '[NAME=]FILE:COLUMN', multiple: true },
      does: 'a column of categories, with | between several, becomes a stream',
    },
    'minimum-items': { type: 'string', value: 'N', does: 'items that a genre or category must have (default 5)' },
    json: { type: 'boolean', does: 'prints one JSON summary on stdout' },
  },
  examples: [
    'reelflow import-features visual=avf.csv audio=ivectors.csv --genres ml-latest-small/movies.csv --out items.arrow',
    'reelflow import-features clip=embeddings.npy --ids ids.txt --fit-on train-items.txt --out items.arrow',
    'reelflow import-features frames.parquet --id movieId --subclip shot --column embedding --out items.arrow',
  ],
  run,
};

async function run(args: Arguments): Promise<number> {
  const interrupts = catchInterrupts((line) => void process.stderr.write(`${line}\n`), 'stopping', STOP_WITHIN);
  const out = args.required('out');
  let summary: ImportSummary;
  try {
    summary = await importFeatures(readInputs(args), out, {
      standardise: wordOf(args, 'standardise', STANDARDISATIONS),
      fitOn: args.text('fit-on'),
      missing: wordOf(args, 'missing', MISSING_RULES),
      genres: args.text('genres'),
      year: args.flag('year'),
      categories: args.texts('categories').map(categoryInput),
      minimumItems: args.integer('minimum-items'),
      signal: interrupts.drain,
    });
  } catch (error) {
    if (error instanceof FlowError && error.code === 'aborted') return 130;
    throw error;
  } finally {
    interrupts.release();
  }
  process.stdout.write(args.flag('json') ? `${JSON.stringify(summary)}\n` : importText(summary));
  return 0;
}

/** The files, each with the options that were given for it by name, or for all. */
function readInputs(args: Arguments): FeatureInput[] {
  const inputs = args.positionals.map(featureInput);
  const names = inputs.map(({ name }) => name);
  const optionOf = (option: keyof FeatureFileOptions, name: string | undefined): string | undefined => {
    const given = args.texts(option).map((text) => {
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
