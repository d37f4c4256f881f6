import { UsageError } from '../../src/core/errors.ts';
import type { ClipOptions } from '../../src/graphs/analysis/clip-vector.ts';
import { type FeatureSearch, type FoundFeatures, searchFeatures } from '../../src/graphs/analysis/search-features.ts';
import { alignedRows } from '../../src/graphs/text-table.ts';
import { readMovies } from '../../src/io/ratings/movies.ts';
import { statisticNames } from '../../src/operators/statistics.ts';
import { defineCommand } from '../command.ts';
import { untilInterrupted } from '../interrupts.ts';
import { finiteNumber, integer, positive, repeated, text, word } from '../option-table.ts';
import { toldTo } from '../told-to.ts';

/** `reelflow search`: finds what is most similar to an item or a subclip. */
export const command = defineCommand({
  name: 'search',
  operands: ['DIR|FILE'],
  does: 'finds what is most similar to an item, or to a subclip of one, in a dataset or a training store: exact, by cosine',
  options: {
    item: text('ID', 'the item to compare with'),
    like: text(
      'CLIP[@SECONDSs]',
      'instead: a clip of your own, decoded and embedded like the dataset; a moment in it, clip.mp4@12s, finds subclips',
    ),
    text: text('TEXT', 'instead: a text, if a joint text-image network made the stream'),
    textNetwork: text('CARD', 'with --text: the card of the joint network, which must have a text half'),
    weights: repeated(
      'PATH',
      'with --like: a file or directory in which weights are looked up by their hash',
      (path) => path,
    ),
    source: text('DIR', 'with --like, if DIR is a reduction: the dataset that it was made from'),
    subclip: integer(
      'N',
      'the number of its subclip, from 0 as in the tables: finds subclips',
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
    'reelflow search features/ --like clip.mp4@12s',
    'reelflow search features/ --text "a car chase at night" --text-network clip/card.json',
    'reelflow search items.arrow --item 318 --stream audio --k 20 --movies ml-latest-small/movies.csv',
  ],
  async run(
    { movies: list, like, text: written, textNetwork, weights, source, ...options },
    { operands: [path = ''], console },
  ) {
    checkTogether({ like, text: written, textNetwork, weights, source });
    const movies = list === undefined ? undefined : (await readMovies(list)).movies;
    const words = written === undefined ? undefined : { text: written, network: textNetwork ?? '' };
    const answer = async (clip?: ClipOptions) => {
      const search = await searchFeatures(path, { ...options, like: clip, text: words });
      const found = search.found.map((each) => {
        const title = movies?.get(each.item)?.title;
        return { ...each, title };
      });
      console.result({ ...search, found }, searchText);
      return 0;
    };
    if (like === undefined) return answer();
    console.stage('decoding the clip');
    return untilInterrupted(console, 'stopping', (signal) =>
      answer({ ...momentOf(like), weights, source, signal, ...toldTo(console) }),
    );
  },
});

/** A clip, and the moment in it given after its last `@`. */
function momentOf(like: string): { readonly clip: string; readonly at?: number | undefined } {
  const [, clip = like, seconds] = /^(.+)@(\d+(?:\.\d+)?)s$/.exec(like) ?? [];
  return seconds === undefined ? { clip: like } : { clip, at: finiteNumber(seconds, 'like') };
}

/**
 * @throws UsageError for an option that has no effect without another, or that lacks one it needs.
 */
function checkTogether(given: Readonly<Record<string, unknown>>): void {
  for (const [name, needed] of [
    ['textNetwork', 'text'],
    ['weights', 'like'],
    ['source', 'like'],
    ['text', 'textNetwork'],
  ] as const) {
    if (given[name] === undefined || given[needed] !== undefined) continue;
    throw new UsageError(`\`${name}\` needs \`${needed}\``, { option: name });
  }
}

type TitledSearch = Omit<FeatureSearch, 'found'> & {
  readonly found: readonly (FoundFeatures & { title?: string | undefined })[];
};

function searchText({ stream, compared, random, moment, found }: TitledSearch): string {
  const lines = alignedRows([
    ['item', 'cosine'],
    ...found.map(({ item, title, subclip, similarity }) => {
      const name = title === undefined ? item : `${title} (${item})`;
      return [subclip === undefined ? name : `${name}, subclip ${subclip}`, similarity.toFixed(4)];
    }),
  ]);
  const doubt = random ? ['RANDOM weights: similarity is meaningless outside a test'] : [];
  const like =
    moment === undefined
      ? []
      : [`like subclip ${moment.number} of the clip, ${moment.start.toFixed(1)} to ${moment.end.toFixed(1)} s`];
  return `${[...doubt, ...like, ...lines, `${compared} rows of ${stream} were compared`].join('\n')}\n`;
}
