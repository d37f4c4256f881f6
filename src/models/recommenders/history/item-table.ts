import { UsageError } from '../../../core/errors.ts';
import type { Tensor } from '../../autodiff/emitter.ts';
import { filled, glorotUniform, uniformWithin } from '../../autodiff/initialisers.ts';
import { add } from '../../autodiff/operations/arithmetic.ts';
import { timesConstant } from '../../autodiff/operations/broadcast.ts';
import { dense } from '../../autodiff/operations/dense.ts';
import type { Tape } from '../../autodiff/tape.ts';
import { checkShare } from './checks.ts';
import type { Filled, HistorySpace } from './history-network.ts';

/** How a network that reads sequences represents items; the defaults are `itemTableDefaults`. */
export interface ItemTableOptions {
  /** Whether items have embeddings. */
  readonly id?: boolean | undefined;
  /** Whether the content of items is read. Default: only without `id`. */
  readonly content?: boolean | undefined;
  /** With both: share of the items that a step represents by content alone. */
  readonly coldRate?: number | undefined;
}

/** Default values of the options. */
export const itemTableDefaults = { id: true, coldRate: 0.5 };

/** Checked options. */
export interface ItemTable {
  readonly id: boolean;
  readonly content: boolean;
  readonly coldRate: number;
}

/** Names of the weights that hold the items. */
export const contentVectorsName = 'content/vectors';
const knownName = 'items/known';

/** Whether the content of items is read. */
export function itemsHaveContent({ id = itemTableDefaults.id, content = !id }: ItemTableOptions): boolean {
  return content;
}

/** Checks options. @throws UsageError if neither embeddings nor content represent an item. */
export function itemTable(options: Filled<ItemTableOptions, keyof typeof itemTableDefaults>): ItemTable {
  const { id, coldRate } = options;
  const content = itemsHaveContent(options);
  if (!id && !content) {
    throw new UsageError('`id: false` leaves only content to represent items, but `content` is false', {
      option: 'content',
      remedy: 'Leave out one of them.',
    });
  }
  return { id, content, coldRate: id && content ? checkShare('coldRate', coldRate) : 0 };
}

/**
 * Initial values of the constants of an item table: which items have ratings, and their content.
 */
export function itemFacts({ content }: ItemTable, space: HistorySpace): Map<string, Float32Array> {
  const facts = new Map<string, Float32Array>([[knownName, Float32Array.from(space.known)]]);
  if (content) facts.set(contentVectorsName, vectorsOf(space).vectors);
  return facts;
}

/** 1 for each item whose content has a value other than 0. */
export function itemsDescribed(space: HistorySpace): Uint8Array {
  const { vectors, dimension } = vectorsOf(space);
  const described = new Uint8Array(space.itemCount);
  for (const [at, value] of vectors.entries()) if (value !== 0) described[Math.floor(at / dimension)] = 1;
  return described;
}

function vectorsOf({ content }: HistorySpace) {
  if (content !== undefined) return content;
  throw new UsageError('a recommender that knows items by their content needs their vectors, but there are none', {
    code: 'missing-features',
    remedy: 'Give features, or leave out `content`.',
  });
}

/**
 * The items as vectors [items, width]: an embedding if the item has training ratings, plus a
 * projection of its content. In a step, a share `coldRate` of the items has content alone.
 *
 * @returns those vectors, and [1, items]: 0 for an item with training ratings, -1e9 for any other.
 */
export function writeItemTable(
  tape: Tape,
  table: ItemTable,
  space: HistorySpace,
  width: number,
): { readonly items: Tensor; readonly away: Tensor } {
  const { graph } = tape;
  const { itemCount } = space;
  const known = tape.statistic(knownName, [itemCount, 1], filled(0));
  const parts: Tensor[] = [];
  if (table.id) {
    const embedding = tape.weight('items/embedding', [itemCount, width], uniformWithin(0.05));
    const own = timesConstant(tape, embedding, known);
    const { coldRate } = table;
    if (!tape.training || coldRate === 0) parts.push(own);
    else {
      const shown = graph.multiply(tape.mask([itemCount, 1], coldRate), graph.real(1 - coldRate));
      parts.push(timesConstant(tape, own, shown));
    }
  }
  if (table.content) {
    const { dimension } = vectorsOf(space);
    const vectors = tape.statistic(contentVectorsName, [itemCount, dimension], filled(0));
    parts.push(dense(tape, vectors, tape.weight('content/kernel', [dimension, width], glorotUniform)));
  }
  const turned = graph.emit('Transpose', [known], [1, itemCount], { perm: [1, 0] });
  const away = graph.multiply(graph.subtract(turned, graph.real(1)), graph.real(1e9));
  return { items: parts.reduce((sum, part) => add(tape, sum, part)), away };
}
