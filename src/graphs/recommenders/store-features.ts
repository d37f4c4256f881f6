import { UsageError } from '../../core/errors.ts';
import type { ItemStore } from '../../io/dataset/item-store.ts';
import { networksOf } from '../../io/dataset/random-streams.ts';
import type { TrailerList } from '../../io/ratings/trailers.ts';
import type { FeatureSource } from '../../models/recommenders/neural/feature-source.ts';

/**
 * Thrown if items that need features, for training or prediction, have none. The code is
 * `missing-features`.
 */
export class MissingFeaturesError extends UsageError {
  /** The ids of the first ten such items. */
  readonly itemIds: readonly string[];
  readonly count: number;

  constructor(itemIds: readonly string[], path: string) {
    const first = itemIds.slice(0, 10);
    const named = first.map((id) => `'${id}'`).join(', ');
    super(`${itemIds.length} item(s) have no features in ${path}: ${named}${itemIds.length > 10 ? ', ...' : ''}`, {
      code: 'missing-features',
      remedy:
        'Leave out the ratings of items without features (filter `itemsWithFeatures`), extract those items too, or give the trailer list that maps ids.',
    });
    this.itemIds = first;
    this.count = itemIds.length;
  }
}

/** An item's vectors by stream: steps x dimension values; undefined if it has no such stream. */
export type ItemFeatures = Readonly<Record<string, Float32Array | undefined>>;

/**
 * The id under which the features of an item are stored: that of its first trailer (in the order of
 * the list) that has features; without such a trailer, the item's own id, unless the list has that
 * id as a trailer's. Undefined if the item has no features.
 */
export function featureIdOf(itemId: string, store: ItemStore, trailers?: TrailerList): string | undefined {
  const trailer = trailers?.trailersOf.get(itemId)?.find((id) => store.has(id));
  if (trailer !== undefined) return trailer;
  return store.has(itemId) && !trailers?.moviesOf.has(itemId) ? itemId : undefined;
}

/**
 * Features for neural recommenders from a training store: for each item number of a ratings table,
 * the vectors of that item, read from the file straight into the batch that needs them. Every
 * stream of the store is a modality.
 *
 * @example
 * const features = StoreFeatures.ofItems(await ItemStore.open('reduced/'), ratings.itemIds, undefined);
 */
export class StoreFeatures implements FeatureSource {
  readonly modalities: FeatureSource['modalities'];
  readonly #store: ItemStore;
  readonly #itemIds: readonly string[];
  readonly #featureIds: readonly (string | undefined)[];
  /**
   * Items that are not in the store, by number; these numbers follow those of the store's items.
   */
  readonly #given = new Map<number, ItemFeatures>();
  #words: ReadonlyMap<string, readonly string[]> | undefined;
  /** Buffers for streams that nobody asked for. */
  readonly #unread = new Map<string, Float32Array>();

  private constructor(store: ItemStore, itemIds: readonly string[], featureIds: readonly (string | undefined)[]) {
    const { subclips, streams } = store.shape;
    this.modalities = streams.map(({ name, dimension }) => ({ name, dimension, steps: subclips }));
    this.#store = store;
    this.#itemIds = itemIds;
    this.#featureIds = featureIds;
  }

  /** @param itemIds the item of each number. */
  static ofItems(store: ItemStore, itemIds: readonly string[], trailers?: TrailerList): StoreFeatures {
    const featureIds = itemIds.map((id) => featureIdOf(id, store, trailers));
    return new StoreFeatures(store, itemIds, featureIds);
  }

  /** @param featureIds the store's id for each item, null for items without features. */
  static ofIds(
    store: ItemStore,
    featureIds: readonly (string | null)[],
    items: readonly { readonly id: string }[],
  ): StoreFeatures {
    const ids = items.map(({ id }) => id);
    return new StoreFeatures(
      store,
      ids,
      ids.map((_, item) => featureIds[item] ?? undefined),
    );
  }

  /** The networks that made the features, as recorded in the store. */
  get networks(): readonly unknown[] {
    return networksOf(this.#store.metadata);
  }

  /** The words that the values of a stream stand for, by stream; only of streams of texts. */
  get words(): ReadonlyMap<string, readonly string[]> {
    this.#words ??= new Map(
      recordedWords(this.#store).flatMap(([name, words]) => {
        const stream = this.modalities.find((modality) => modality.name === name);
        return words.length === stream?.dimension ? [[name, words] as const] : [];
      }),
    );
    return this.#words;
  }

  /** The same features with further items, whose vectors are in memory, after the last one. */
  with(items: readonly { readonly id: string; readonly vectors: ItemFeatures }[]): StoreFeatures {
    const ids = [...this.#itemIds, ...items.map(({ id }) => id)];
    const more = new StoreFeatures(this.#store, ids, this.#featureIds);
    for (const [number, vectors] of this.#given) more.#given.set(number, vectors);
    for (const [place, { vectors }] of items.entries()) more.#given.set(this.#itemIds.length + place, vectors);
    return more;
  }

  /** All vectors of an item. @throws MissingFeaturesError. */
  async vectorsOf(item: number): Promise<ItemFeatures> {
    const into = Object.fromEntries(
      this.modalities.map(({ name, steps, dimension }) => [name, new Float32Array(steps * dimension)]),
    );
    const present = await this.read(Int32Array.of(item), into);
    return Object.fromEntries(
      Object.entries(into).map(([name, own]) => [name, present[name]?.[0] === 1 ? own : undefined]),
    );
  }

  /** Whether the item of this number has features. */
  has(item: number): boolean {
    return this.#featureIds[item] !== undefined || this.#given.has(item);
  }

  /**
   * Checks that all these items have features.
   * @throws MissingFeaturesError naming the items that have none.
   */
  check(items: Iterable<number>): void {
    const missing = [...new Set(items)].filter((item) => !this.has(item));
    if (missing.length === 0) return;
    throw new MissingFeaturesError(
      missing.map((item) => this.#itemIds[item] as string),
      this.#store.path,
    );
  }

  /** See `FeatureSource`. @throws MissingFeaturesError; DatasetError `damaged`. */
  async read(items: Int32Array, into: Readonly<Record<string, Float32Array>>): Promise<Record<string, Uint8Array>> {
    this.check(items);
    const present = Object.fromEntries(Object.keys(into).map((name) => [name, new Uint8Array(items.length)]));
    for (const [index, item] of items.entries()) {
      const places: Record<string, Float32Array> = {};
      for (const { name, steps, dimension } of this.modalities) {
        const length = steps * dimension;
        places[name] = into[name]?.subarray(index * length, (index + 1) * length) ?? this.#scratch(name, length);
      }
      const { vectors } =
        this.#copied(item, places) ?? (await this.#store.read(this.#featureIds[item] as string, places));
      for (const [name, flags] of Object.entries(present)) flags[index] = vectors[name] === undefined ? 0 : 1;
    }
    return present;
  }

  /** Copies the vectors of an item that is in memory; undefined for any other item. */
  #copied(
    item: number,
    places: Readonly<Record<string, Float32Array>>,
  ): { readonly vectors: ItemFeatures } | undefined {
    const vectors = this.#given.get(item);
    if (vectors === undefined) return undefined;
    for (const [name, into] of Object.entries(places)) into.set(vectors[name] ?? new Float32Array(into.length));
    return { vectors };
  }

  #scratch(name: string, length: number): Float32Array {
    let values = this.#unread.get(name);
    if (values === undefined) {
      values = new Float32Array(length);
      this.#unread.set(name, values);
    }
    return values;
  }
}

/** The words of each stream, as an import recorded them in a store. */
function recordedWords({ metadata }: ItemStore): (readonly [stream: string, words: readonly string[]])[] {
  let recorded: unknown;
  try {
    recorded = JSON.parse(metadata.import ?? '{}');
  } catch {
    // Not written by an import, so it names no words.
  }
  const { streams } = (recorded ?? {}) as { readonly streams?: unknown };
  if (!Array.isArray(streams)) return [];
  return streams.flatMap((stream: unknown) => {
    const { name, words } = (stream ?? {}) as Readonly<Record<string, unknown>>;
    const isOfTexts =
      typeof name === 'string' && Array.isArray(words) && words.every((word) => typeof word === 'string');
    return isOfTexts ? [[name, words as readonly string[]] as const] : [];
  });
}
