import { UsageError } from '../../../core/errors.ts';
import type { Tensor } from '../../autodiff/emitter.ts';
import { filled, uniformWithin } from '../../autodiff/initialisers.ts';
import { denseLayer } from '../../autodiff/layers.ts';
import { add } from '../../autodiff/operations/arithmetic.ts';
import { timesConstant } from '../../autodiff/operations/broadcast.ts';
import { dense } from '../../autodiff/operations/dense.ts';
import { relu } from '../../autodiff/operations/elementwise.ts';
import type { Tape } from '../../autodiff/tape.ts';
import type { PairSpace } from './pair-network.ts';

/** Names of the item facts among the weights. */
export const itemFactNames = {
  stream: (stream: string) => `streams/${stream}`,
  present: (stream: string) => `streams/${stream}/present`,
  genres: 'items/genres',
} as const;

/** What is known about the items beside their ratings, with the width of each part. */
export interface ItemContent {
  readonly streams: readonly { readonly name: string; readonly dimension: number }[];
  /** Number of genres; 0 if they are not read. */
  readonly genreCount: number;
  /** Constant values by name of the weights. */
  readonly facts: ReadonlyMap<string, Float32Array>;
}

/**
 * What a network reads about the items.
 *
 * @param wants whether streams of features, and genres, are to be read; undefined genres are read
 * if there are any.
 * @throws UsageError `missing-features`, or if genres are requested and there are none.
 */
export function itemContent(
  { sources, saved, training: { itemCount } }: PairSpace,
  wants: { readonly streams: boolean; readonly genres?: boolean | undefined },
): ItemContent {
  if (saved !== undefined) return savedContent(saved, itemCount);
  const facts = new Map<string, Float32Array>();
  const streams = wants.streams ? [...(sources.streams ?? [])] : [];
  if (wants.streams && streams.length === 0) {
    throw new UsageError('a recommender that reads features of the items needs some, but there are none', {
      code: 'missing-features',
      remedy: 'Give features, or `content: false`.',
    });
  }
  for (const [name, { vectors, dimension }] of streams) {
    facts.set(itemFactNames.stream(name), vectors);
    facts.set(itemFactNames.present(name), presentRows(vectors, dimension));
  }
  const genreCount = wants.genres === false ? 0 : (sources.genres?.genreCount ?? 0);
  if (wants.genres === true && genreCount === 0) {
    throw new UsageError('a recommender that reads genres of the items needs them, but there are none', {
      option: 'genres',
      remedy: 'Give a list of movies with genres, or `genres: false`.',
    });
  }
  if (genreCount > 0) {
    const flags = sources.genres?.flags.subarray(0, itemCount * genreCount) as Uint8Array;
    facts.set(itemFactNames.genres, Float32Array.from(flags));
  }
  return { streams: streams.map(([name, { dimension }]) => ({ name, dimension })), genreCount, facts };
}

function savedContent(saved: ReadonlyMap<string, Float32Array>, itemCount: number): ItemContent {
  const facts = new Map<string, Float32Array>();
  const streams = [...saved].flatMap(([name, values]) => {
    const [, stream] = /^streams\/(.*)$/.exec(name) ?? [];
    if (stream === undefined) return [];
    facts.set(name, values);
    return stream.endsWith('/present') ? [] : [{ name: stream, dimension: values.length / itemCount }];
  });
  const genres = saved.get(itemFactNames.genres);
  if (genres !== undefined) facts.set(itemFactNames.genres, genres);
  return { streams, genreCount: (genres?.length ?? 0) / itemCount, facts };
}

/** 1 for each row that has any value but 0. */
function presentRows(vectors: Float32Array, dimension: number): Float32Array {
  const count = vectors.length / dimension;
  return Float32Array.from({ length: count }, (_, row) =>
    vectors.subarray(row * dimension, (row + 1) * dimension).some((value) => value !== 0) ? 1 : 0,
  );
}

/**
 * The content of all items: each stream, and the genres, through a dense layer of `width` units
 * with ReLU: [items, width] each. A learnt vector stands for a missing stream.
 */
export function contentParts(tape: Tape, content: ItemContent, itemCount: number, width: number): Tensor[] {
  const { graph } = tape;
  const parts = content.streams.map(({ name, dimension }) => {
    const vectors = tape.statistic(itemFactNames.stream(name), [itemCount, dimension], filled(0));
    const present = tape.statistic(itemFactNames.present(name), [itemCount, 1], filled(0));
    const projected = relu(tape, denseLayer(tape, `content/${name}`, vectors, width));
    const missing = tape.weight(`content/${name}/missing`, [1, width], uniformWithin(0.05));
    const absent = graph.subtract(graph.real(1), present);
    return add(tape, timesConstant(tape, projected, present), dense(tape, absent, missing));
  });
  if (content.genreCount > 0) {
    const flags = tape.statistic(itemFactNames.genres, [itemCount, content.genreCount], filled(0));
    parts.push(relu(tape, denseLayer(tape, 'content/genres', flags, width)));
  }
  return parts;
}
