import { join } from 'node:path';
import { makeDirectory, replaceFile } from '../../src/core/atomic-file.ts';
import { checkInteger } from '../../src/core/check.ts';
import { writePlantedClips } from './clips.ts';
import { PlantedDraws } from './draws.ts';
import { writePlantedNetworks } from './networks.ts';
import { plantRatings } from './ratings.ts';
import { type PlantedItem, plantItems } from './taste.ts';

/** The size of a planted corpus. */
export interface PlantedCorpusOptions {
  /** Clips. Default 64. */
  readonly items?: number | undefined;
  /** Default 200. */
  readonly users?: number | undefined;
  /** Ratings of each user. Default 24. */
  readonly ratingsPerUser?: number | undefined;
  /** How many of the clips belong to movies that nobody has rated. Default 0. */
  readonly unrated?: number | undefined;
  /** Determines all random draws. Default 1. */
  readonly seed?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Where the files of a planted corpus are, and what is hidden in it. The directory can be opened
 * like a MovieLens directory.
 */
export interface PlantedCorpus {
  readonly directory: string;
  readonly clips: readonly string[];
  /** Network cards of the two small fixed networks. */
  readonly cards: { readonly visual: string; readonly audio: string };
  /** By movie id. */
  readonly hidden: ReadonlyMap<string, PlantedItem>;
  /** By user id: 1 likes the factor, -1 dislikes it. */
  readonly tastes: ReadonlyMap<string, 1 | -1>;
}

const GENRES = ['Action', 'Comedy', 'Documentary', 'Drama', 'Fantasy', 'Horror', 'Romance', 'Thriller'];

/**
 * Writes a SYNTHETIC corpus with a hidden taste factor: small clips whose look and sound follow it,
 * mostly by the order of their scenes, and ratings that follow it too, plus biases and noise. Every
 * clip shows the same brightnesses and plays the same tones, so a clip's mean colour reveals
 * nothing about the factor; genres reveal nothing either. Files: `clips/`, `networks/`,
 * `ratings.csv`, `movies.csv` and `ml-youtube.csv` (which clip shows which movie), in MovieLens
 * format.
 *
 * @throws UsageError when a number is out of range; SystemError when ffmpeg is missing, MediaError
 * when it cannot encode.
 * @example
 * const corpus = await writePlantedCorpus('planted/', { items: 64, users: 200, seed: 1 });
 */
export async function writePlantedCorpus(
  directory: string,
  options: PlantedCorpusOptions = {},
): Promise<PlantedCorpus> {
  const count = checkInteger('items', options.items ?? 64, 4, 9999);
  const users = checkInteger('users', options.users ?? 200, 2);
  const unrated = checkInteger('unrated', options.unrated ?? 0, 0, count - 1);
  const ratingsPerUser = checkInteger('ratingsPerUser', options.ratingsPerUser ?? 24, 1, count - unrated);
  const seed = checkInteger('seed', options.seed ?? 1, 0, 0xffffffff);
  await makeDirectory(directory);
  const hidden = plantItems(count, seed);
  const movieIds = hidden.map((_, index) => String(index + 1));
  const clipNames = movieIds.map((id) => `planted-${id.padStart(4, '0')}`);
  const at = (name: string) => join(directory, name);

  const { ratings, tastes } = plantRatings(hidden.slice(0, count - unrated), { users, ratingsPerUser, seed });
  await writeCsv(at('ratings.csv'), 'userId,movieId,rating,timestamp', ratings, ({ user, item, rating }, line) => [
    ...[user + 1, movieIds[item] as string, rating.toFixed(1), 1_000_000_000 + line],
  ]);
  const genres = new PlantedDraws(seed, 'genres');
  await writeCsv(at('movies.csv'), 'movieId,title,genres', movieIds, (id) => {
    const [first, second] = genres.shuffled(GENRES.length).map((index) => GENRES[index]);
    return [id, `Synthetic movie ${id} (${1990 + genres.below(20)})`, `${first}|${second}`];
  });
  await writeCsv(at('ml-youtube.csv'), 'youtubeId,movieId,title', movieIds, (id, item) => [
    ...[clipNames[item] as string, id, `Synthetic movie ${id}`],
  ]);

  const cards = await writePlantedNetworks(at('networks'));
  const clips = hidden.map((item, index) => ({ name: clipNames[index] as string, item }));
  return {
    directory,
    clips: await writePlantedClips(at('clips'), clips, { seed, signal: options.signal }),
    cards,
    hidden: new Map(movieIds.map((id, index) => [id, hidden[index] as PlantedItem])),
    tastes: new Map(tastes.map((taste, user) => [String(user + 1), taste])),
  };
}

/** None of our own fields contains a comma or a quote. */
async function writeCsv<Row>(
  path: string,
  header: string,
  rows: readonly Row[],
  fields: (row: Row, index: number) => readonly (string | number)[],
): Promise<void> {
  const lines = rows.map((row, index) => fields(row, index).join(','));
  await replaceFile(path, `${[header, ...lines].join('\n')}\n`);
}
