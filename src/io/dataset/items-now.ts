import { Breather } from '../../core/breather.ts';
import { sortInTurns } from '../../core/sort-in-turns.ts';
import type { CommitStore } from './commit-store.ts';
import { changed, type ItemFacts, type ItemState } from './item-facts.ts';
import { compareUtf8, orderUnits, type PlannedUnit } from './table-plan.ts';

/** What the store has for an item. */
interface Kept {
  readonly unit?: PlannedUnit | undefined;
  /** Code of its dead letter. */
  readonly code?: string | undefined;
}

/**
 * Every item of a dataset in its current state, sorted by the UTF-8 bytes of the ids: what is known
 * about the items, overridden by the store, which is the truth about what is committed and what is
 * dead. For units and dead letters of unknown items, an item is made up from what they say.
 *
 * @param damaged what to do with a unit whose end is damaged: `throw` an error, or set it `aside`.
 */
export async function* itemsNow(store: CommitStore, damaged: 'throw' | 'aside'): AsyncGenerator<ItemFacts> {
  const items = await store.items();
  // A list of what all items have would take more memory than the whole run before it.
  const units = await orderUnits(await store.currentUnits(damaged));
  const codes = new Map((await store.letters()).map(({ letter }) => [letter.item, letter.code]));
  const ids = await sortInTurns([...items.ids(), ...codes.keys()], compareUtf8);
  const breather = new Breather();
  for (let at = 0, next = 0; at < ids.length || next < units.length; ) {
    const [known, unit] = [ids[at], units[next]];
    const ofUnit = unit?.facts.itemId;
    const isUnit = ofUnit !== undefined && (known === undefined || compareUtf8(ofUnit, known) <= 0);
    const id = isUnit ? ofUnit : (known as string);
    while (ids[at] === id) at += 1;
    if (isUnit) next += 1;
    yield itemNow(id, items.get(id), { unit: isUnit ? unit : undefined, code: codes.get(id) });
    if (breather.isDue) await breather.rest();
  }
}

function itemNow(id: string, known: ItemFacts | undefined, { unit, code }: Kept): ItemFacts {
  // A unit that was set aside or removed no longer belongs to an item.
  const facts = unit === undefined ? { ...known, unit: undefined } : changed(known, id, { unit: unit.key });
  const state = stateNow(known, { unit, code });
  const isFailed = state === 'dead' || state === 'superseded';
  const reason = isFailed ? code : state === known?.state ? known.code : undefined;
  return { ...facts, id, duration: facts.duration ?? unit?.facts.seconds, state, code: reason };
}

function stateNow(known: ItemFacts | undefined, { unit, code }: Kept): ItemState {
  if (known?.state === 'gone') return 'gone';
  if (unit !== undefined && code !== undefined) return 'superseded';
  if (unit !== undefined) return unit.facts.partial ? 'partial' : 'committed';
  if (code !== undefined) return 'dead';
  return known?.state === 'skipped' ? 'skipped' : 'waiting';
}
