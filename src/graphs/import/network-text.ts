import { loadTextCard } from '../../models/networks/card.ts';
import { openTextEncoder, type TextEncoder } from '../../models/networks/encode-text.ts';
import { unitVectors } from '../../models/recommenders/item-vectors.ts';
import { featureFault } from './feature-fault.ts';
import type { ItemTexts } from './item-texts.ts';
import type { ReadyStream } from './ready-stream.ts';
import { type SubclipClock, textWindows, wordParts } from './text-windows.ts';

/**
 * A stream with the vector that a network computes for each subclip's text, of length 1; zeros for
 * a subclip without words. A text with more tokens than the network reads is divided into as few
 * parts of equally many words as fit, and has the mean of their vectors. Memory holds the vectors.
 *
 * @param card path of its network card.
 * @param check throws when the import is to stop.
 * @throws UsageError `features` when no item has a text; what `openTextEncoder` and `texts.read`
 * throw.
 */
export async function networkText(
  texts: ItemTexts,
  itemIds: readonly string[],
  {
    card,
    subclips,
    clock,
  }: { readonly card: string; readonly subclips: number; readonly clock: SubclipClock | undefined },
  check: () => void,
): Promise<ReadyStream> {
  const loaded = loadTextCard(card);
  const encoder = await openTextEncoder(loaded);
  const places = new Map(itemIds.map((id, item) => [id, item]));
  const found = new Map<number, Float32Array>();
  let dimension = 0;
  try {
    for await (const [id, text] of texts.read()) {
      const item = places.get(id);
      if (item === undefined) continue;
      const vectors: (Float32Array | undefined)[] = [];
      for (const window of await textWindows(id, text, subclips, clock)) {
        check();
        vectors.push(/[\p{L}\p{N}]/u.test(window) ? await vectorOf(window, encoder) : undefined);
      }
      dimension = vectors.find((vector) => vector !== undefined)?.length ?? 0;
      if (dimension === 0) continue;
      const all = new Float32Array(subclips * dimension);
      for (const [at, vector] of vectors.entries()) if (vector) all.set(vector, at * dimension);
      found.set(item, unitVectors({ vectors: all, dimension }));
    }
  } finally {
    await encoder.close();
  }
  const [first] = found.values();
  if (first === undefined) {
    throw featureFault(
      texts.file,
      `has no text of any of the ${itemIds.length} items`,
      'Check that the files use the same kind of ids.',
    );
  }
  return {
    ...{ name: 'text', kind: 'dense', file: texts.file, dimension: first.length / subclips, rowsPerItem: subclips },
    ...{ dropped: [], passedOver: [], missingValues: 0 },
    described: { network: loaded.card.name, sha256: encoder.sha256 },
    has: (item) => found.has(item),
    read: (item, into) => into.set(found.get(item) ?? []),
  };
}

async function vectorOf(text: string, encoder: TextEncoder): Promise<Float32Array> {
  const parts = partsThatFit(text, encoder);
  const [first, ...others] = await inTurn(parts, (part) => encoder.encode(part));
  if (first === undefined || others.length === 0) return first ?? new Float32Array(0);
  return first.map((value, at) => others.reduce((sum, other) => sum + (other[at] as number), value) / parts.length);
}

/** One word that is too long by itself is left to the network to refuse. */
function partsThatFit(text: string, { length, tokensIn }: TextEncoder): string[] {
  const words = text.trim().split(/\s+/).length;
  for (let count = Math.ceil(tokensIn(text) / length); count < words; count++) {
    const parts = wordParts(text, count);
    if (parts.every((part) => tokensIn(part) <= length)) return parts;
  }
  return wordParts(text, words);
}

async function inTurn<From, To>(values: readonly From[], of: (value: From) => Promise<To>): Promise<To[]> {
  const found: To[] = [];
  for (const value of values) found.push(await of(value));
  return found;
}
