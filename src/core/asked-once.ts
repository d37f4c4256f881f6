/**
 * Keeps the promise of each value that was asked for: later requests share it. A failure is not
 * kept, so the next request tries again.
 *
 * @example
 * const texts = new AskedOnce<string, string>();
 * const text = await texts.ask(() => readFile('ratings.csv', 'utf8'), 'ratings.csv');
 */
export class AskedOnce<Value, Key = void> extends Map<Key, Promise<Value>> {
  /** @param key which one, where there are several. */
  ask(make: () => Promise<Value>, key: Key): Promise<Value> {
    const known = this.get(key);
    if (known !== undefined) return known;
    const made = make();
    this.set(key, made);
    made.catch(() => {
      if (this.get(key) === made) this.delete(key);
    });
    return made;
  }
}
