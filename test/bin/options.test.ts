import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findByName } from '../../bin/command.ts';
import { command as evaluate } from '../../bin/commands/evaluate.ts';
import { command as extract } from '../../bin/commands/extract.ts';
import { command as train } from '../../bin/commands/train.ts';
import { readExperimentConfig } from '../../bin/experiment-options.ts';
import { commandHelp } from '../../bin/help.ts';
import { type AnyTable, findOption, flag, integer, readOptions, text } from '../../bin/option-table.ts';
import { parseCommand } from '../../bin/parse-command.ts';
import { UsageError } from '../../src/core/errors.ts';
import { nearestOf } from '../../src/core/nearest.ts';
import { recommenderNames } from '../../src/graphs/recommenders/recommender-names.ts';
import { recommenderOptions } from '../../src/graphs/recommenders/recommender-options.ts';
import { callReelflow } from '../fixtures/call-cli.ts';

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
    const typed = ['a.mp4', '--subclips', '10,20', '--statistic', 'mean,medmad', '--fps', '2', '--max-duration', '9.5'];
    const more = ['--visual-weights', 'w.pth', '--force-precision', '--out', 'features'];
    const { operands, values } = parseCommand(extract, [...typed, ...more]);
    expect(operands).toEqual(['a.mp4']);
    expect(values).toEqual({
      ...{ out: 'features', subclips: [10, 20], statistics: ['mean', 'medmad'], fps: 2, maxDuration: 9.5 },
      ...{ visualWeights: 'w.pth', forcePrecision: true },
    });
  });

  it.each([
    ['--fps', 'often', '0.001 to 1000'],
    ['--subclips', '0', 'at least 1'],
    ['--statistic', 'mode', "'mean', 'meanvar', 'median', 'medmad'"],
    ['--precision', 'int4', "'float32', 'float16', 'int8'"],
  ])('%s %s is refused with what fits', (flag, value, expected) => {
    const { message } = errorOf(() => parseCommand(extract, ['a.mp4', '--out', 'x', flag, value]));
    expect(message).toContain(flag);
    expect(message).toContain(expected);
  });
});

describe('options of ratings', () => {
  it.each([
    ['--scale', '3'],
    ['--scale', '5,1'],
    ['--duplicate-ratings', 'bad'],
    ['--columns', 'user'],
  ])('%s %s is refused alike by train and evaluate', (flag, value) => {
    const ofTrain = errorOf(() => parseCommand(train, ['svd', '--ratings', 'r', '--out', 'm', flag, value]));
    const ofEvaluate = errorOf(() => parseCommand(evaluate, [flag, value]));
    expect(ofTrain.message).toBe(ofEvaluate.message);
    expect(ofTrain.message).toContain(flag);
  });

  it('are read', () => {
    const typed = ['--scale', '0.5,5', '--duplicate-ratings', 'last', '--columns', 'user=u,item=i', '--skip-bad-lines'];
    const read = { columns: { user: 'u', item: 'i' }, scale: { minimum: 0.5, maximum: 5 }, duplicateRatings: 'last' };
    expect(parseCommand(evaluate, typed).values).toEqual({ ...read, skipBadLines: true });
    expect(parseCommand(train, ['svd', '--ratings', 'r', '--out', 'm', ...typed]).values).toEqual({
      ...{ ...read, ratings: 'r', out: 'm', skipBadLines: true },
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
    expect(nearestOf(word, words)).toBe(expected);
  });

  it('that is an option is answered with the option', () => {
    expect(errorOf(() => parseCommand(extract, ['--memroy', '1GiB'])).remedy).toMatch(/^Did you mean --memory\? See/);
    expect(errorOf(() => parseCommand(extract, ['--zzzzzz', '1'])).remedy).toBe('See `reelflow extract --help`.');
  });
});

describe('the help of a model', () => {
  it.each(recommenderNames)('of train %s has every option of that model, and those of no other', (model) => {
    const help = commandHelp(train, [model, '--help']);
    const flags = [...help.matchAll(/^ {2}(?:-[a-zA-Z], )?--([a-z0-9-]+)/gm)].map(([, flag = '']) => flag);
    const flagsOf = (name: (typeof recommenderNames)[number]) =>
      recommenderOptions(name)
        .flatMap(({ key, alias }) => [key, alias ?? key])
        .map((key) => key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`));
    expect(flags).toEqual(expect.arrayContaining([...flagsOf(model), 'ratings', 'out', 'seed']));
    const foreign = recommenderNames.flatMap(flagsOf).filter((flag) => !flagsOf(model).includes(flag));
    expect(flags.filter((flag) => foreign.includes(flag))).toEqual([]);
  });

  it('without a model has the options of all models alike', () => {
    expect(commandHelp(train)).toMatch(/^ {2}--ratings/m);
    expect(commandHelp(train)).not.toMatch(/^ {2}--factors/m);
  });

  it('of evaluate has those of the model that is named, but --k is the lengths of lists', () => {
    const help = commandHelp(evaluate, ['--model', 'item-knn', '--help']);
    expect(help).toMatch(/^ {2}--neighbours N +maximum number of neighbours/m);
    expect(help).toMatch(/^ {2}--k LENGTHS/m);
  });
});

describe('a command line that does not fit', () => {
  it.each([
    [['extract', 'a.mp4', '--out'], '`--out` needs a value'],
    [['extract', 'a.mp4', '--quiet=yes'], '`--quiet` takes no value'],
    [['--quite'], "there is no option '--quite' before a command [usage]\n  Did you mean --quiet?"],
    [['train', 'itm-knn', '--help'], "Did you mean 'item-knn'?"],
    [['help', 'train', 'itm-knn'], "Did you mean 'item-knn'?"],
  ])('%j: says why', async (argv, expected) => {
    const { code, stdout, stderr } = await callReelflow(argv);
    expect(stderr).toContain(expected);
    expect([code, stdout]).toEqual([2, '']);
  });
});

describe('--config FILE', () => {
  it('holds options of the command, and what is typed comes first', () => {
    const own = { memory: '1GiB', subclips: [10, 20], maxDuration: 60, 'force-precision': true, batch: 8 };
    const config = configFile({ extract: { ...own, fps: 2, quiet: true, allowDead: false }, train: {} });
    const { values, globals } = parseCommand(extract, ['a.mp4', '--batch', '4', '--out', 'x', '--config', config]);
    expect(values).toEqual({
      ...{ out: 'x', memory: '1GiB', subclips: [10, 20], maxDuration: 60, forcePrecision: true, batch: 4, fps: 2 },
    });
    expect(globals).toEqual({ config, quiet: true });
  });

  it('holds options that may be given again as a list', () => {
    const path = configFile({ evaluate: { set: ['factors=5', 'epochs=2'] } });
    expect(parseCommand(evaluate, ['--config', path]).values.set).toEqual(['factors=5', 'epochs=2']);
  });

  it.each([
    [{ extract: { memroy: '1GiB' } }, "has no option 'memroy'"],
    [{ extract: { limit: {} } }, '`extract.limit` must be a string'],
    [{ extract: { json: 'yes' } }, '`extract.json` must be true or false'],
    [{ extract: [] }, 'must be a JSON object'],
    [{ extract: { help: true } }, "cannot have the option 'help'"],
    [{ extract: { fps: 2, sampling: 4 } }, "has the option 'fps' twice"],
    [{ extrct: { limit: 1 } }, "has options for 'extrct', but there is no such command"],
    [{ limit: 1 }, "has the option 'limit' outside of any command"],
    ['{', 'is not JSON'],
  ])('%j is refused', (content, expected) => {
    expect(errorOf(() => parseCommand(extract, ['--config', configFile(content)])).message).toContain(expected);
  });

  it('has the options of a command below its name, which is said of one that stands beside', () => {
    const refused = errorOf(() => parseCommand(extract, ['--config', configFile({ memory: '1GiB' })]));
    expect(refused).toMatchObject({ remedy: expect.stringContaining('{"extract": {"memory": ...}}') });
  });

  it('may begin with a mark of its byte order', () => {
    const config = configFile('\uFEFF{"extract": {"limit": 3}}');
    expect(parseCommand(extract, ['a.mp4', '--out', 'x', '--config', config]).values.limit).toBe(3);
  });

  it('that is not there is refused', () => {
    const missing = join(folder, 'none.json');
    expect(errorOf(() => parseCommand(extract, ['--config', missing])).message).toContain('cannot be read');
  });
});

describe('older spellings', () => {
  const table: AnyTable = {
    statistics: { ...text('NAME', 'statistics'), formerly: ['aggregate', 'pooling'] },
    dryRun: { ...flag('only says'), formerly: ['pretend'] },
    limit: integer('N', 'how many'),
  };
  const command = { ...extract, name: 'compact', usage: '[options]', options: table, operands: [], examples: [] };

  it('of options continue working, typed and in a configuration file', () => {
    expect(parseCommand(command, ['--aggregate', 'mean', '--pretend']).values).toEqual({
      ...{ statistics: 'mean', dryRun: true },
    });
    const config = configFile({ compact: { pooling: 'median', limit: 3 } });
    expect(parseCommand(command, ['--config', config]).values).toEqual({ statistics: 'median', limit: 3 });
  });

  it('of options are neither shown nor suggested', () => {
    expect(commandHelp(command)).not.toMatch(/aggregate|pooling|pretend/);
    const { remedy } = errorOf(() => parseCommand(command, ['--agregate', 'mean']));
    expect(remedy).toBe('Did you mean --statistics? See `reelflow compact --help`.');
    const dash = errorOf(() => parseCommand(command, ['--limit', '-3']));
    expect([dash.message, dash.remedy]).toEqual([
      '`--limit` needs a value, but what follows it begins with a dash',
      'If that is the value, write `--limit=-...`.',
    ]);
  });

  it('beside the newer one are refused', () => {
    const { message } = errorOf(() => parseCommand(command, ['--statistics', 'mean', '--aggregate', 'mean']));
    expect(message).toBe('`--aggregate` is an older name of `--statistics`: give one of them');
  });

  it('of commands find the command, typed and in a configuration file, unless another has that name now', () => {
    const weights = { ...command, name: 'weights', formerly: ['models', 'networks'] };
    const networks = { ...command, name: 'networks' };
    expect(findByName([weights, networks], 'models')).toBe(weights);
    expect(findByName([weights, networks], 'networks')).toBe(networks);
    expect(findByName([weights, networks], 'model')).toBeUndefined();
    const config = configFile({ models: { limit: 7 } });
    expect(parseCommand(weights, ['--config', config]).values).toEqual({ limit: 7 });
  });

  it('are looked for after flags and names of the library', () => {
    const both: AnyTable = { fps: { ...text('N', 'new'), formerly: ['limit'] }, limit: integer('N', 'how many') };
    expect(findOption(both, 'limit')?.does).toBe('how many');
    expect(readOptions(new Map([['limit', ['2']]]), both)).toEqual({ limit: 2 });
  });
});

describe('spellings of before', () => {
  it('go on working, and are shown nowhere', async () => {
    const evaluated = (flag: string) => callReelflow(['evaluate', flag, 'nonesuch', '--train', 'a', '--test', 'b']);
    expect((await evaluated('--model')).stderr).toBe((await evaluated('--recommender')).stderr);
    expect((await callReelflow(['models', 'list'])).stdout).toBe((await callReelflow(['weights', 'list'])).stdout);
    const help = await callReelflow(['evaluate', '--help']);
    expect(help.stdout).not.toContain('--model ');
    expect((await callReelflow(['--help'])).stdout).not.toContain('models');
  });

  it('are sections of a configuration file, those of grouped commands too', async () => {
    for (const section of ['weights list', 'models list']) {
      const { code, stderr } = await callReelflow([
        'weights',
        'list',
        '--config',
        configFile({ [section]: { nonesuch: 1 } }),
      ]);
      expect(code).toBe(2);
      expect(stderr).toContain("has no option 'nonesuch'");
    }
  });

  it('are keys of the configuration of an experiment too', async () => {
    const file = join(folder, 'experiment.json');
    writeFileSync(file, '{ "ratings": "ml", "models": ["random"] }');
    expect(await readExperimentConfig(file, {})).toEqual({ ratings: 'ml', recommenders: ['random'] });
  });
});

it('global options may stand before a grouped command, with their values', async () => {
  const { code, stdout, stderr } = await callReelflow(['--progress', 'none', 'weights', 'list', '--json']);
  expect(code, stderr).toBe(0);
  expect(JSON.parse(stdout)).toHaveProperty('networks');
});
