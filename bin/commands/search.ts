import { type FeatureSearch, type FoundFeatures, searchFeatures } from '../../src/graphs/analysis/search-features.ts';
import { alignedRows } from '../../src/graphs/text-table.ts';
import { readMovies } from '../../src/io/ratings/movies.ts';
import { statisticNames } from '../../src/operators/statistics.ts';
import { defineCommand } from '../command.ts';
import { integer, positive, required, text, word } from '../option-table.ts';

/** `reelflow search`: what is most like an item or a subclip. */
export const command = defineCommand({
  name: 'search',
  operands: ['DIR|FILE'],
  does: 'finds what is most like an item, or a subclip of one, in a dataset or a training store: exact, by cosine',
  options: {
    item: required(text('ID', 'the item to compare with')),
    subclip: integer(
      'N',
      'its subclip, from 0 as in the tables: subclips are found',
      'items, by the means of their subclips',
      0,
    ),
    stream: text('NAME', 'what is compared: visual, audio, ...', 'the first'),
    k: integer('N', 'how many to find', '10'),
    movies: text('FILE', 'titles of the items'),
    subclips: integer('N', 'which number of subclips, if the dataset has several'),
    subclipSeconds: positive('SECONDS', 'the same for subclips of a fixed length'),
    statistic: word(statisticNames, 'which statistic, if the dataset has several'),
  },
  examples: [
    'reelflow search features/ --item tt0111161 --subclip 3',
    'reelflow search items.arrow --item 318 --stream audio --k 20 --movies ml-latest-small/movies.csv',
  ],
  async run({ movies: list, ...options }, { operands: [path = ''], console }) {
    const movies = list === undefined ? undefined : (await readMovies(list)).movies;
    const search = await searchFeatures(path, options);
    const found = search.found.map((each) => {
      const title = movies?.get(each.item)?.title;
      return { ...each, title };
    });
    console.result({ ...search, found }, searchText);
    return 0;
  },
});

type TitledSearch = Omit<FeatureSearch, 'found'> & {
  readonly found: readonly (FoundFeatures & { title?: string | undefined })[];
};

function searchText({ stream, compared, random, found }: TitledSearch): string {
  const lines = alignedRows([
    ['item', 'cosine'],
    ...found.map(({ item, title, subclip, similarity }) => {
      const name = title === undefined ? item : `${title} (${item})`;
      return [subclip === undefined ? name : `${name}, subclip ${subclip}`, similarity.toFixed(4)];
    }),
  ]);
  const doubt = random ? ['RANDOM weights: likeness means nothing beyond a test'] : [];
  return `${[...doubt, ...lines, `${compared} rows of ${stream} were compared`].join('\n')}\n`;
}
