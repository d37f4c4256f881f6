import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { command as evaluate } from '../../bin/commands/evaluate.ts';
import { command as extract } from '../../bin/commands/extract.ts';
import { command as train } from '../../bin/commands/train.ts';
import { readExtractionOptions } from '../../bin/extraction-options.ts';
import { nearest } from '../../bin/nearest.ts';
import { commandHelp, parseArguments } from '../../bin/options.ts';
import { readRatingFlags } from '../../bin/rating-flags.ts';
import { readScoringOptions } from '../../bin/scoring-options.ts';
import { UsageError } from '../../src/core/errors.ts';
import { modelNames } from '../../src/graphs/recommenders/model-names.ts';
import { modelOptions } from '../../src/graphs/recommenders/model-options.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'options-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function configFile(content: unknown): string {
  const path = join(folder, 'reelflow.config.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

/** The error of a call, which must be one. */
function errorOf(call: () => unknown): UsageError {
  try {
    call();
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('options of extract', () => {
  it('are read into the names and types of the library, and what was not given is left out', () => {
    const typed = ['a.mp4', '--subclips', '10,20', '--aggregate', 'mean,medmad', '--fps', '2', '--max-duration', '9.5'];
    const args = parseArguments(extract, [...typed, '--visual-weights', 'w.pth', '--force-precision']);
    expect(readExtractionOptions(args)).toEqual({
      ...{ inputs: ['a.mp4'], subclips: [10, 20], statistics: ['mean', 'medmad'], sampling: 2, maxDuration: 9.5 },
      ...{ visualWeights: 'w.pth', forcePrecision: true },
    });
  });

  it.each([
    ['--fps', 'often', '0.001 to 1000'],
    ['--subclips', '0', 'at least 1'],
    ['--aggregate', 'mode', "'mean', 'meanvar', 'median', 'medmad'"],
    ['--precision', 'int4', "'float32', 'int8'"],
  ])('%s %s is refused with what fits', (flag, value, expected) => {
    const { message } = errorOf(() => readExtractionOptions(parseArguments(extract, ['a.mp4', flag, value])));
    expect(message).toContain(flag);
    expect(message).toContain(expected);
  });
});

describe('options of ratings', () => {
  it.each([
    ['--scale', '3'],
    ['--scale', '5,1'],
    ['--duplicates', 'bad'],
    ['--columns', 'user'],
  ])('%s %s is refused alike by train and evaluate', (flag, value) => {
    const ofTrain = errorOf(() => readRatingFlags(parseArguments(train, ['--ratings', 'r', flag, value])));
    const ofEvaluate = errorOf(() => readScoringOptions(parseArguments(evaluate, [flag, value])));
    expect(ofTrain.message).toBe(ofEvaluate.message);
    expect(ofTrain.message).toContain(flag);
  });

  it('are read', () => {
    const typed = ['--scale', '0.5,5', '--duplicates', 'last', '--columns', 'user=u,item=i', '--skip-bad-lines'];
    const read = { columns: { user: 'u', item: 'i' }, scale: { minimum: 0.5, maximum: 5 }, duplicates: 'last' };
    expect(readScoringOptions(parseArguments(evaluate, typed))).toEqual({ ...read, skipBadLines: true });
    expect(readRatingFlags(parseArguments(train, ['--ratings', 'r', ...typed]))).toEqual({
      ratings: 'r',
      reading: { ...read, skipBadLines: true },
    });
  });
});

describe('a mistyped word', () => {
  it.each([
    ['ouput', ['out', 'output', 'input'], 'output'],
    ['etxract', ['extract', 'evaluate'], 'extract'],
    ['agregate', ['aggregate'], 'aggregate'],
    ['xyz', ['out', 'memory'], undefined],
  ])('%s is near the word that was meant, or near none', (word, words, expected) => {
    expect(nearest(word, words)).toBe(expected);
  });

  it('that is an option is answered with the option', () => {
    expect(errorOf(() => parseArguments(extract, ['--memroy', '1GiB'])).remedy).toMatch(/^Did you mean --memory\? See/);
    expect(errorOf(() => parseArguments(extract, ['--zzzzzz', '1'])).remedy).toBe('See `reelflow extract --help`.');
  });
});

describe('the help of a model', () => {
  it.each(modelNames)('of train %s has every option of that model, and those of no other', (model) => {
    const help = commandHelp(train, [model, '--help']);
    const flags = [...help.matchAll(/^ {2}--([a-z0-9-]+)/gm)].map(([, flag = '']) => flag);
    const flagsOf = (name: (typeof modelNames)[number]) =>
      modelOptions(name)
        .flatMap(({ key, alias }) => [key, alias ?? key])
        .map((key) => key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`));
    expect(flags).toEqual(expect.arrayContaining([...flagsOf(model), 'ratings', 'out', 'seed']));
    const foreign = modelNames.flatMap(flagsOf).filter((flag) => !flagsOf(model).includes(flag));
    expect(flags.filter((flag) => foreign.includes(flag))).toEqual([]);
  });

  it('without a model has the options of all models alike', () => {
    expect(commandHelp(train)).toMatch(/^ {2}--ratings/m);
    expect(commandHelp(train)).not.toMatch(/^ {2}--factors/m);
  });

  it('of evaluate has those of the model that is named, but --k is the lengths of lists', () => {
    const help = commandHelp(evaluate, ['--model', 'item-knn', '--help']);
    expect(help).toMatch(/^ {2}--neighbours N +most neighbours/m);
    expect(help).toMatch(/^ {2}--k LENGTHS/m);
  });
});

describe('--config FILE', () => {
  it('holds options of the command, and what is typed comes first', () => {
    const own = { memory: '1GiB', subclips: [10, 20], maxDuration: 60, 'force-precision': true, batch: 8 };
    const args = parseArguments(extract, [
      'a.mp4',
      '--batch',
      '4',
      '--config',
      configFile({ extract: own, train: {} }),
    ]);
    expect(readExtractionOptions(args)).toEqual({
      ...{ inputs: ['a.mp4'], memory: '1GiB', subclips: [10, 20], maxDuration: 60, forcePrecision: true, batch: 4 },
    });
  });

  it('holds options that may be given again as a list', () => {
    const path = configFile({ evaluate: { set: ['factors=5', 'epochs=2'] } });
    expect(parseArguments(evaluate, ['--config', path]).texts('set')).toEqual(['factors=5', 'epochs=2']);
  });

  it.each([
    [{ extract: { memroy: '1GiB' } }, "has no option 'memroy'"],
    [{ extract: { limit: {} } }, '`extract.limit` must be a text'],
    [{ extract: { json: 'yes' } }, '`extract.json` must be true or false'],
    [{ extract: [] }, 'must be a JSON object'],
    ['{', 'is not JSON'],
  ])('%j is refused', (content, expected) => {
    expect(errorOf(() => parseArguments(extract, ['--config', configFile(content)])).message).toContain(expected);
  });

  it('that is not there is refused', () => {
    const missing = join(folder, 'none.json');
    expect(errorOf(() => parseArguments(extract, ['--config', missing])).message).toContain('cannot be read');
  });
});
