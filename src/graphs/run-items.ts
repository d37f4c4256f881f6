import { existsSync } from 'node:fs';
import { dirname, resolve, sep } from 'node:path';
import { AskedOnce } from '../core/asked-once.ts';
import { Breather } from '../core/breather.ts';
import type { ItemChange, ItemFacts } from '../io/dataset/item-facts.ts';
import type { Items } from '../io/dataset/items.ts';
import { softwareVersion } from '../io/dataset/software.ts';
import type { MediaFacts } from '../io/dataset/unit-summary.ts';
import { isFarAddress } from '../io/far/far-address.ts';
import type { Video } from '../io/media/video.ts';
import type { Coverage } from './inputs.ts';
import type { RunEvent } from './runners/local.ts';

/** How the items of a run relate to those that the dataset already had. */
export interface InputChanges {
  /** Items that the dataset had never seen. */
  readonly added: number;
  /**
   * Items of the dataset that are no longer inputs, and those of them whose content reappeared
   * under another id.
   */
  readonly gone: readonly string[];
  readonly renamed: readonly { readonly from: string; readonly to: string }[];
  /**
   * Items whose file has changed and now fails: the tables still have the rows of the old file.
   */
  readonly superseded: readonly string[];
  /** Items still to be processed. */
  readonly left: number;
}

/**
 * Records in the dataset what a run learns about its items. An item is no longer an input if the
 * run listed the whole place where the item had been found (a directory among its inputs, the same
 * glob or the same manifest) without finding it there, or if its file no longer exists and the run
 * was given files from the directory where it was. A run over part of the inputs says nothing about
 * the rest.
 *
 * @example
 * declare const items: Items;
 * declare const covers: Coverage;
 * const noted = new RunItems(items, corpus, covers);
 * await noted.begin();
 */
export class RunItems {
  readonly #items: Items;
  readonly #corpus: ReadonlyMap<string, Video>;
  readonly #part: readonly Video[];
  readonly #covers: Coverage;
  /**
   * Ids that the dataset had not seen before, and ids of the inputs that nothing has happened to
   * yet.
   */
  readonly #added = new Set<string>();
  readonly #left = new Set<string>();
  readonly #superseded: string[] = [];
  readonly #former = new AskedOnce<ReadonlyMap<string, readonly string[]>>();
  /** Ids of items that took over the unit of another, and the id of that one. */
  readonly #takenFrom = new Map<string, string>();

  /**
   * @param covers the places that the corpus covers completely, from `coverageOf`. Default:
   *   nothing.
   * @param part of the corpus that the run processes, if not all of it.
   */
  constructor(items: Items, corpus: readonly Video[], covers: Coverage = NOTHING, part = corpus) {
    this.#items = items;
    this.#part = part;
    this.#corpus = new Map(corpus.map((video) => [video.id, video]));
    this.#covers = covers;
  }

  /** Records new inputs, so that what is left to do is known however the run ends. */
  async begin(): Promise<void> {
    const breather = new Breather();
    let noted = 0;
    for (const video of this.#part) {
      const { id } = video;
      this.#left.add(id);
      if (!this.#items.has(id)) {
        this.#added.add(id);
        this.#note(id, video, { state: 'waiting' });
        noted += 1;
        if (noted % 1000 === 0) await this.#items.flush();
      }
      if (breather.isDue) await breather.rest();
    }
    if (noted > 0) await this.#items.flush();
  }

  /** Takes one event of the run. */
  take(event: RunEvent<Video>): void {
    if (event.type === 'started' || event.type === 'reached' || event.type === 'abandoned') return;
    const { item: video, fingerprint: hash } = event;
    this.#left.delete(video.id);
    if (event.type === 'dead') {
      this.#noteIfNew(video, { state: 'dead', hash, code: event.letter.code });
      if (this.#items.get(video.id)?.unit !== undefined) this.#superseded.push(video.id);
    } else if (event.type === 'skipped') {
      this.#noteIfNew(video, { state: 'skipped', hash, code: event.reason });
    } else {
      const { key: unit } = event;
      const state = event.unit.partial ? 'partial' : 'committed';
      // For a corpus that is already done, this is all that happens, thousands of times.
      if (event.type === 'already-done' && this.#items.isKnown(video.id, { state, unit, ...placeOf(video) })) return;
      const { fps, width, height, streams, leftOut }: MediaFacts = event.type === 'committed' ? event.unit.media : {};
      const media = { fps, width, height, streams: streams?.join(', '), leftOut: leftOut?.join('; ') };
      this.#noteIfNew(video, { state, hash, unit, duration: event.unit.seconds, ...media });
    }
  }

  /**
   * The items that a file with this content may have been before it was renamed: those of the
   * dataset that have a unit and are no longer inputs, in the order of their ids. The items are
   * looked through at the first call.
   */
  async formerItems(hash: string): Promise<readonly string[]> {
    return (await this.#former.ask(() => this.#formerItems())).get(hash) ?? [];
  }

  /** Notes that an item has taken over the unit of another. */
  noteTakeOver(to: string, from: string): void {
    this.#takenFrom.set(to, from);
  }

  /** Records which items are no longer inputs. */
  async end(): Promise<InputChanges> {
    await this.#items.flush();
    const gone: string[] = [];
    const formerly = new Map<string, string>();
    for await (const item of this.#noInputs()) {
      gone.push(item.id);
      if (item.hash !== undefined) formerly.set(item.hash, item.id);
      if (item.state !== 'gone') this.#items.note(item.id, { state: 'gone', ...changedNow() });
    }
    const renamed: { from: string; to: string }[] = [];
    if (formerly.size > 0) {
      for (const to of new Set([...this.#added, ...this.#takenFrom.keys()])) {
        const from = this.#takenFrom.get(to) ?? formerly.get(this.#items.get(to)?.hash ?? '');
        if (from !== undefined) renamed.push({ from, to });
      }
    }
    const superseded = this.#superseded.sort();
    return { added: this.#added.size, gone: gone.sort(), renamed, superseded, left: this.#left.size };
  }

  async #formerItems(): Promise<ReadonlyMap<string, readonly string[]>> {
    const formerly = new Map<string, string[]>();
    for await (const { id, hash, unit } of this.#noInputs()) {
      if (hash === undefined || unit === undefined) continue;
      const ids = formerly.get(hash);
      if (ids === undefined) formerly.set(hash, [id]);
      else ids.push(id);
    }
    for (const ids of formerly.values()) ids.sort();
    return formerly;
  }

  /** The items of the dataset that are no longer inputs. */
  async *#noInputs(): AsyncGenerator<ItemFacts> {
    if (this.#covers.places.length === 0 && this.#covers.filesOf.size === 0) return;
    const breather = new Breather();
    for (const id of this.#items.ids()) {
      if (breather.isDue) await breather.rest();
      if (this.#corpus.has(id)) continue;
      const item = this.#items.get(id);
      if (item !== undefined && this.#isCovered(item)) yield item;
    }
  }

  #isCovered({ path, source }: ItemFacts): boolean {
    const { places, filesOf } = this.#covers;
    if (places.some((place) => place === source || path?.startsWith(place === sep ? place : place + sep))) return true;
    return path !== undefined && filesOf.has(dirname(path)) && !existsSync(path);
  }

  #noteIfNew(video: Video, change: ItemChange): void {
    if (!this.#items.isKnown(video.id, { ...change, ...placeOf(video) })) this.#note(video.id, video, change);
  }

  #note(id: string, video: Video, change: ItemChange): void {
    this.#items.note(id, { ...change, ...placeOf(video), ...changedNow() });
  }
}

/** Where a video is, and whatever else a manifest says about it. */
function placeOf({ path, source, more }: Video): ItemChange {
  return { path: absolutePath(path), source, more };
}

/** The path of an item's file in the form in which it is recorded. */
function absolutePath(path: string): string {
  return isFarAddress(path) ? path : resolve(path);
}

const NOTHING: Coverage = { places: [], filesOf: new Set() };

/** The time and version to record with a state that changes now. */
export function changedNow(): ItemChange {
  return { when: new Date().toISOString(), version: softwareVersion() };
}
