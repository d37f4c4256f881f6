import { statSync } from 'node:fs';
import { CommitStore } from '../../io/dataset/commit-store.ts';
import type { ItemFacts } from '../../io/dataset/item-facts.ts';
import { type DatasetPart, partPath } from '../../io/dataset/layout.ts';
import { type DatasetStatus, datasetItems, datasetStatus } from '../../io/dataset/status.ts';

/** The most items that are kept in memory; larger datasets are read for each request. */
const MOST_ITEMS = 100_000;
/** The files that change whenever an item does. */
const TELLING: readonly DatasetPart[] = ['description', 'index', 'items', 'journal', 'dead', 'units'];

type Letters = Awaited<ReturnType<CommitStore['letters']>>;

/**
 * What is known about the items of a dataset, read again only if its files have changed: a dataset
 * may grow while it is served.
 */
export class DatasetNow {
  readonly directory: string;
  #stamp = '';
  #items: Promise<ReadonlyMap<string, ItemFacts> | undefined> | undefined;
  #status: Promise<DatasetStatus> | undefined;
  #letters: Promise<Letters> | undefined;

  constructor(directory: string) {
    this.directory = directory;
  }

  /** All items, by id. @throws as `datasetItems`. */
  async *items(): AsyncGenerator<ItemFacts> {
    const kept = await this.#kept();
    if (kept === undefined) yield* datasetItems(this.directory);
    else yield* kept.values();
  }

  /** What is known about an item. @throws as `datasetItems`. */
  async item(id: string): Promise<ItemFacts | undefined> {
    const kept = await this.#kept();
    if (kept !== undefined) return kept.get(id);
    for await (const item of datasetItems(this.directory)) if (item.id === id) return item;
    return undefined;
  }

  /** @throws as `datasetStatus`. */
  status(): Promise<DatasetStatus> {
    this.#look();
    this.#status ??= this.#forgottenOnFault(datasetStatus(this.directory));
    return this.#status;
  }

  /** The dead letters: what failed. */
  letters(): Promise<Letters> {
    this.#look();
    const read = async () => (await CommitStore.open(this.directory, { readOnly: true })).letters();
    this.#letters ??= this.#forgottenOnFault(read());
    return this.#letters;
  }

  #kept(): Promise<ReadonlyMap<string, ItemFacts> | undefined> {
    this.#look();
    this.#items ??= this.#forgottenOnFault(this.#read());
    return this.#items;
  }

  async #read(): Promise<ReadonlyMap<string, ItemFacts> | undefined> {
    const items = new Map<string, ItemFacts>();
    for await (const item of datasetItems(this.directory)) {
      if (items.size === MOST_ITEMS) return undefined;
      items.set(item.id, item);
    }
    return items;
  }

  /** Forgets what was read if the files have changed since. */
  #look(): void {
    const stamp = TELLING.map((part) => {
      const found = statSync(partPath(this.directory, part), { throwIfNoEntry: false });
      return found && `${found.ino} ${found.size} ${found.mtimeMs}`;
    }).join();
    if (stamp === this.#stamp) return;
    this.#stamp = stamp;
    this.#forget();
  }

  #forget(): void {
    this.#items = undefined;
    this.#status = undefined;
    this.#letters = undefined;
  }

  #forgottenOnFault<Value>(asked: Promise<Value>): Promise<Value> {
    asked.catch(() => this.#forget());
    return asked;
  }
}
