/**
 * Promises of what is made when it is first asked for: whoever asks later gets the same. What could
 * not be made is not kept, so it is tried again for whoever asks next.
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
