/** Numbers items in the order in which they first occur. */
export class ItemIndex {
  readonly #numbers = new Map<string, number>();
  readonly #ids: string[] = [];

  /** The ids in the order of their numbers. */
  get ids(): readonly string[] {
    return this.#ids;
  }

  /** The number of an item, a new one if necessary. */
  add(id: string): number {
    const known = this.#numbers.get(id);
    if (known !== undefined) return known;
    this.#numbers.set(id, this.#ids.length);
    return this.#ids.push(id) - 1;
  }

  /** The number of a known item; undefined for others. */
  find(id: string): number | undefined {
    return this.#numbers.get(id);
  }
}
