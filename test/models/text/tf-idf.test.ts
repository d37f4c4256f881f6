import { describe, expect, it } from 'vitest';
import { fillTfIdf, WordFrequencies } from '../../../src/models/text/tf-idf.ts';
import { wordsIn } from '../../../src/models/text/words-in.ts';

describe('words', () => {
  it('are lower-case runs of letters, in any script that separates them', () => {
    expect(wordsIn('It\u2019s a HEIST, in 1995: na\u00efve caf\u00e9-owners. \ufb01lm')).toEqual([
      "it's",
      ...['heist', 'in', 'na\u00efve', 'caf\u00e9', 'owners', 'film'],
    ]);
    expect(wordsIn('\u0412\u043e\u0439\u043d\u0430 \u0438 \u043c\u0438\u0440')).toEqual([
      '\u0432\u043e\u0439\u043d\u0430',
      '\u043c\u0438\u0440',
    ]);
    expect(wordsIn('R2 x 12')).toEqual(['r2']);
  });

  it('are chosen if enough texts have them, but not too many', () => {
    const texts = [
      ['the', 'heist'],
      ['the', 'car'],
      ['the', 'heist', 'car'],
      ['the', 'once'],
    ];
    const frequencies = new WordFrequencies();
    for (const words of texts) frequencies.add([words]);
    const chosen = (words: number) => frequencies.choose({ least: 2, mostShare: 0.5, words });
    expect(chosen(10)).toEqual([
      { word: 'car', weight: Math.log(5 / 3) + 1 },
      { word: 'heist', weight: Math.log(5 / 3) + 1 },
    ]);
    expect(chosen(1)).toHaveLength(1);
  });

  it('are not chosen if too few parts of the texts have them', () => {
    const frequencies = new WordFrequencies();
    for (let text = 0; text < 4; text++) frequencies.add([['often', 'once'], ['often'], [], []]);
    frequencies.add([[], [], [], []]);
    const chosen = (leastShareOfParts: number) =>
      frequencies.choose({ least: 1, mostShare: 1, leastShareOfParts, words: 9 }).map(({ word }) => word);
    expect(chosen(0.2)).toEqual(['often', 'once']);
    expect(chosen(0.21)).toEqual(['often']);
    expect(chosen(0.4)).toEqual(['often']);
    expect(chosen(0.41)).toEqual([]);
  });

  it('are found in no time where marks are piled up', () => {
    expect(wordsIn(`a${'\u0301\u0323'.repeat(200_000)} heist`)).toHaveLength(2);
  });

  it('weigh as computed by hand, and a vector has length 1', () => {
    const words = [
      { word: 'car', weight: 2 },
      { word: 'heist', weight: 1.5 },
      { word: 'none', weight: 3 },
    ];
    const into = new Float32Array(3).fill(9);
    fillTfIdf([3, 1, 0], words, into);
    const [car, heist] = [(1 + Math.log(3)) * 2, 1.5];
    const length = Math.hypot(car, heist);
    for (const [at, value] of [car / length, heist / length, 0].entries()) expect(into[at]).toBeCloseTo(value, 6);
    fillTfIdf([0, 0, 0], words, into);
    expect([...into]).toEqual([0, 0, 0]);
  });
});
