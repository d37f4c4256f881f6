import { describe, expect, it } from 'vitest';
import { AskedOnce } from '../../src/core/asked-once.ts';

describe('what is asked for once', () => {
  it('is made once for all who ask, also while it is being made', async () => {
    const once = new AskedOnce<number>();
    let made = 0;
    const make = async () => ++made;
    expect(once.has()).toBe(false);
    expect(await Promise.all([once.ask(make), once.ask(make)])).toEqual([1, 1]);
    expect(await once.ask(make)).toBe(1);
    expect(once.has()).toBe(true);
  });

  it('is made for each key', async () => {
    const once = new AskedOnce<string, string>();
    const of = (key: string) => once.ask(async () => `${key}!`, key);
    expect(await Promise.all([of('a'), of('b'), of('a')])).toEqual(['a!', 'b!', 'a!']);
    expect([...once.keys()]).toEqual(['a', 'b']);
  });

  it('is made again when it failed, and those who asked meanwhile get the failure', async () => {
    const once = new AskedOnce<number>();
    let tries = 0;
    const make = async () => {
      if (++tries === 1) throw new Error('not now');
      return tries;
    };
    const asked = [once.ask(make), once.ask(make)];
    await expect(Promise.all(asked)).rejects.toThrow('not now');
    expect(await once.ask(make)).toBe(2);
    expect(await once.ask(make)).toBe(2);
  });

  it('leaves one that was made since alone when an earlier one fails', async () => {
    const once = new AskedOnce<number>();
    let fail: (cause: Error) => void = () => {};
    const first = once.ask(
      () =>
        new Promise((_, reject) => {
          fail = reject;
        }),
    );
    once.delete();
    const second = once.ask(async () => 7);
    fail(new Error('too late'));
    await expect(first).rejects.toThrow('too late');
    expect(once.get()).toBe(second);
  });
});
