import { join } from 'node:path';
import { ItemStore } from '../../../src/io/dataset/item-store.ts';
import { ItemStoreWriter } from '../../../src/io/dataset/item-store-writer.ts';
import type { RatingTable } from '../../../src/io/ratings/rating-table.ts';

/**
 * Synthetic: 24 users, 20 rated films and 4 that nobody has rated; ratings 3 + 1.8 taste x look, on
 * the scale of 0.5 to 5.
 */
export const plantedUsers = 24;
export const plantedFilms = 24;
export const ratedFilms = 20;
/** Numbers that `look` gives beside what the films have in common. */
export const plantedShape = {
  subclips: 3,
  streams: [
    { name: 'visual', dimension: 4 },
    { name: 'audio', dimension: 2 },
    { name: 'text', dimension: 3 },
  ],
} as const;

const taste = (user: number): number => Math.sin(1.7 * user + 0.4);
/** How a film looks: what users like or dislike in it. */
export const look = (film: number): number => Math.cos(2.3 * film);

/** The rating that the user would give. */
export function plantedRating(user: number, film: number): number {
  return Math.round(2 * (3 + 1.8 * taste(user) * look(film))) / 2;
}

/** The ratings: three in four of the rated films by each user. Ids are `u1`, ... and 101, ... */
export function plantedRatings(): RatingTable {
  const pairs = Array.from({ length: plantedUsers * ratedFilms }, (_, at) => ({
    user: Math.floor(at / ratedFilms),
    film: at % ratedFilms,
  })).filter(({ user, film }) => (user + 3 * film) % 4 !== 0);
  return {
    users: Int32Array.from(pairs, ({ user }) => user),
    items: Int32Array.from(pairs, ({ film }) => film),
    values: Float32Array.from(pairs, ({ user, film }) => plantedRating(user, film)),
    userIds: Array.from({ length: plantedUsers }, (_, user) => `u${user + 1}`),
    itemIds: Array.from({ length: plantedFilms }, (_, film) => String(101 + film)),
  };
}

/** Every fifth row is for validation. */
export function plantedRows({ values }: RatingTable): { train: Int32Array; validation: Int32Array } {
  const rows = Int32Array.from(values.keys());
  return { train: rows.filter((row) => row % 5 !== 2), validation: rows.filter((row) => row % 5 === 2) };
}

/** Features from which the look can be read. Film 104 has no sound. */
export async function plantedStore(directory: string, idOf = (film: number) => String(101 + film)): Promise<ItemStore> {
  const path = join(directory, 'items.arrow');
  const writer = await ItemStoreWriter.create(path, plantedShape, { synthetic: 'true' });
  const { subclips, streams } = plantedShape;
  for (let film = 0; film < plantedFilms; film++) {
    const vectors: Record<string, Float32Array | undefined> = {};
    for (const { name, dimension } of streams) {
      vectors[name] = Float32Array.from(
        { length: subclips * dimension },
        (_, at) =>
          look(film) * (1 + Math.floor(at / dimension)) * (at % 2 === 0 ? 1 : -0.5) + 0.05 * Math.sin(at + film),
      );
    }
    if (film === 3) vectors.audio = undefined;
    await writer.add({ itemId: idOf(film), vectors });
  }
  await writer.close();
  return ItemStore.open(path);
}

/** Options with which a neural recommender learns the synthetic ratings in about a second. */
export const smallNetwork = {
  embedding: 8,
  widths: [8, 6, 4],
  lstm: [6, 4],
  batch: 32,
  dropout: 0.05,
  learningRate: 0.02,
  epochs: 12,
} as const;
