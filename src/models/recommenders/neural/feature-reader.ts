import { ModelError, UsageError } from '../../../core/errors.ts';
import type { FeedBuffers } from '../../autodiff/feed-buffers.ts';
import type { BatchFeed } from '../../autodiff/feeds.ts';
import type { Modality } from './architectures.ts';
import type { FeatureSource } from './feature-source.ts';
import { inputNames } from './input-names.ts';

/**
 * Unique items of a batch are padded to a multiple of this, so that batches share few shapes, and
 * with them memory.
 */
const uniqueMultiple = 8;

/** Reads the features of a batch's unique items, and counts the items that lack a modality. */
export class FeatureReader {
  readonly #source: FeatureSource;
  readonly #modalities: readonly Modality[];
  readonly #missing: Map<string, Set<number>>;
  readonly #multiple: number;

  /**
   * @param arePadded - false if the network takes a mean over the rows of unique items, which would
   * include padding.
   * @throws UsageError if the source lacks a modality, or has it in another shape.
   */
  constructor(source: FeatureSource, modalities: readonly Modality[], arePadded = true) {
    for (const { name, dimension, steps } of modalities) {
      const found = source.modalities.find((modality) => modality.name === name);
      if (found?.dimension !== dimension || found.steps !== steps) {
        const has = source.modalities.map((each) => `${each.name} (${each.steps} x ${each.dimension})`).join(', ');
        throw new UsageError(
          `the features must have a stream '${name}' of ${steps} x ${dimension} values, but have ${has || 'none'}`,
        );
      }
    }
    this.#source = source;
    this.#modalities = modalities;
    this.#multiple = arePadded ? uniqueMultiple : 1;
    this.#missing = new Map(modalities.map(({ name }) => [name, new Set()]));
  }

  /** How many of the items read so far lack each modality; the network gets zeros for them. */
  get missing(): ReadonlyMap<string, number> {
    return new Map([...this.#missing].map(([name, items]) => [name, items.size]));
  }

  /**
   * Feeds [unique, steps, dimension] with the features of the items, in their order, with rows of
   * zeros as padding, if any.
   */
  async read(items: Int32Array, buffers: FeedBuffers): Promise<Record<string, BatchFeed>> {
    const padded = Math.ceil(items.length / this.#multiple) * this.#multiple;
    const feeds: Record<string, BatchFeed> = {};
    const into: Record<string, Float32Array> = {};
    const flagged: Record<string, Float32Array> = {};
    for (const { name, steps, dimension } of this.#modalities) {
      const data = buffers.reals(padded * steps * dimension);
      feeds[inputNames.features(name)] = { data, shape: [padded, steps, dimension] };
      const flags = buffers.reals(padded);
      feeds[inputNames.present(name)] = { data: flags, shape: [padded, 1, 1] };
      flagged[name] = flags.fill(0);
      into[name] = data.subarray(0, items.length * steps * dimension);
      data.fill(0, items.length * steps * dimension);
    }
    const present = await this.#source.read(items, into);
    for (const { name, steps, dimension } of this.#modalities) {
      const flags = present[name];
      if (flags?.length !== items.length) {
        throw new ModelError(
          'shape',
          `features '${name}': ${items.length} flags expected, got ${flags?.length ?? 'none'}`,
        );
      }
      for (const [index, item] of items.entries()) {
        if (flags[index] !== 0) {
          (flagged[name] as Float32Array)[index] = 1;
          continue;
        }
        into[name]?.fill(0, index * steps * dimension, (index + 1) * steps * dimension);
        this.#missing.get(name)?.add(item);
      }
    }
    return feeds;
  }
}
