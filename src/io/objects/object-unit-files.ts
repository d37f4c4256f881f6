import { keyOfUnit, type SeenFile, type UnitFiles, unitName } from '../dataset/unit-files.ts';
import type { ObjectStore, StoredObject } from './object-store.ts';

const FOLDER = '_units/';
/** How many keys are yielded at a time. */
const AT_A_TIME = 1000;

/**
 * Units as objects of a store: `_units/kk/<key>.arrow`. What is available immediately comes from
 * the last listing.
 */
export class ObjectUnitFiles implements UnitFiles {
  readonly #store: ObjectStore;
  #known = new Map<string, SeenFile>();

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  pathOf(key: string): string {
    return `${this.#store.address}/${nameOf(key)}`;
  }

  seen(key: string): SeenFile | undefined {
    return this.#known.get(key);
  }

  async look(key: string): Promise<SeenFile | undefined> {
    const found = await this.#store.head(nameOf(key));
    if (found === undefined) this.#known.delete(key);
    else this.#known.set(key, seenAs(found));
    return this.#known.get(key);
  }

  async create(key: string, bytes: Uint8Array): Promise<boolean> {
    const isOurs = (await this.#store.put(nameOf(key), bytes, 'absent')) !== undefined;
    await this.look(key);
    return isOurs;
  }

  async *keys(): AsyncGenerator<readonly string[]> {
    const known = new Map<string, SeenFile>();
    let keys: string[] = [];
    for await (const object of this.#store.list(FOLDER)) {
      const key = keyOfUnit(object.name.slice(object.name.lastIndexOf('/') + 1));
      if (key === undefined || object.name !== nameOf(key)) continue;
      known.set(key, seenAs(object));
      this.#known.set(key, seenAs(object));
      keys.push(key);
      if (keys.length < AT_A_TIME) continue;
      yield keys;
      keys = [];
    }
    if (keys.length > 0) yield keys;
    this.#known = known;
  }

  async read(key: string): Promise<Uint8Array> {
    return (await this.#store.get(nameOf(key)))?.bytes ?? gone(this.pathOf(key));
  }

  async readEnd(key: string, length: number): Promise<Uint8Array> {
    return (await this.#store.get(nameOf(key), { last: length }))?.bytes ?? gone(this.pathOf(key));
  }

  async putAside(key: string): Promise<string | undefined> {
    const found = await this.#store.get(nameOf(key));
    if (found === undefined) return undefined;
    await this.#store.put(`${nameOf(key)}.damaged`, found.bytes);
    await this.#store.delete(nameOf(key));
    this.#known.delete(key);
    return `${this.pathOf(key)}.damaged`;
  }

  async remove(key: string): Promise<number> {
    let removed = 0;
    for (const name of [nameOf(key), `${nameOf(key)}.damaged`]) {
      if ((await this.#store.head(name)) === undefined) continue;
      await this.#store.delete(name);
      removed += 1;
    }
    this.#known.delete(key);
    return removed;
  }

  /** Nothing: an object exists whole or not at all. */
  async tidy(): Promise<void> {}

  isThere(): boolean {
    return true;
  }

  /** Nothing: a store has no folders. */
  async make(): Promise<void> {}
}

function nameOf(key: string): string {
  return `${FOLDER}${unitName(key)}`;
}

/** Listings and answers state an object's time with and without milliseconds. */
function seenAs({ size = 0, modified }: StoredObject): SeenFile {
  return { size, modified: Math.floor(modified / 1000) * 1000 };
}

function gone(path: string): never {
  throw new Error(`there is no ${path}`);
}
