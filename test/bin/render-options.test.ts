import { describe, expect, it } from 'vitest';
import { extractionOptions } from '../../bin/extraction-options.ts';
import { type Flags, flagsOf, renderMessages, renderOptions, typedFlags } from '../../bin/render-options.ts';

const flags: Flags = new Map([
  ['memory', { flag: 'memory', type: 'string' }],
  ['maxDuration', { flag: 'max-duration', type: 'string' }],
  ['statistics', { flag: 'aggregate', type: 'string' }],
  ['replace', { flag: 'replace', type: 'boolean' }],
  ['columns', { flag: 'columns', type: 'string' }],
  ['noCheck', { flag: 'no-check', type: 'boolean' }],
]);
const render = renderOptions(flags);

describe('what the library says of an option', () => {
  it.each([
    ['`maxDuration` must be above 0', '`--max-duration` must be above 0'],
    ['leave out `statistics`.', 'leave out `--aggregate`.'],
    ["Give `memory: '907MiB'` or more", 'Give `--memory 907MiB` or more'],
    ['longer than `maxDuration: 20`', 'longer than `--max-duration 20`'],
    ['`replace: true`', '`--replace`'],
    ["`maxDuration: 4, statistics: 'mean'`", '`--max-duration 4 --aggregate mean`'],
    ['`check: false`', '`--no-check`'],
    ["`memory: '1 GiB'`", "`--memory '1 GiB'`"],
    ["Name them (`columns: { user: 'A', item: 'B' }`)", 'Name them (`--columns user=A,item=B`)'],
  ])('%s is said as %s', (said, shown) => {
    expect(render(said)).toBe(shown);
  });

  it.each([
    ['an option that the command does not have', '`batchSize` must be 1; `lstm: 3` too'],
    ['a name that every object has', '`constructor`, `toString` and `hasOwnProperty`'],
    ['a value of another form', '`memory: limit / 2` and `memory: [1]`'],
    ['one of several that the command does not have', "`maxDuration: 4, batchSize: 'x'`"],
    ['a switch that cannot be turned off', '`replace: false`'],
    ['an element of an array', '`memory`[3] must be finite'],
    ['a name without backticks', 'memory and maxDuration'],
  ])('stays as it is where it is %s', (_, said) => {
    expect(render(said)).toBe(said);
  });
});

describe('an option that was typed as --set KEY=VALUE', () => {
  const typed = typedFlags(flags, [
    'train',
    'mine',
    '--set',
    'maxDuration=x',
    '--set=item-knn.lambda=2',
    '--set=mine.columns=3',
    '--memory',
    'k=1',
  ]);

  it.each([
    ['`maxDuration` must be above 0', '`--set maxDuration` must be above 0'],
    ["Give `maxDuration: 20, memory: '1GiB'`", 'Give `--set maxDuration=20 --memory 1GiB`'],
    ['`lambda` must be a number', '`--set item-knn.lambda` must be a number'],
    ['`k` must be an integer', '`k` must be an integer'],
    ['`columns` must be names', '`--columns` must be names'],
  ])('%s is said as %s', (said, shown) => {
    expect(renderOptions(typed)(said)).toBe(shown);
  });
});

describe('what the library says of its functions', () => {
  it.each([
    ['that `reduce` has written', 'that `reelflow reduce` has written'],
    ['check them: `verifyWeights()`.', 'check them: `reelflow weights verify`.'],
    ["`datasetItems('features/')` lists them", '`reelflow status --format csv features/` lists them'],
    ["`pullWeights({ name: 'alexnet', replace: true })`", '`reelflow weights pull alexnet --replace`'],
    ["`importWeights({ name: 'alexnet', file: 'my file' })`", "`reelflow weights import alexnet 'my file'`"],
    ["`trainRecommender({ recommender: 'bpr', out: 'DIR' })`", '`reelflow train bpr --out DIR`'],
  ])('%s is said as %s', (said, shown) => {
    expect(render(said)).toBe(shown);
  });

  it('stays as it is where no command does it', () => {
    const said = '`writeDataset`, `network()` and `toString()`';
    expect(render(said)).toBe(said);
  });
});

describe('text of the user with backticks in it stays as it is', () => {
  it.each([
    ['an item in quotes', "two inputs have the item id '`memory`': a and b"],
    ['a path in quotes', "'trailers/`memory` at night.mp4' is damaged, 'it's `memory`' too"],
    ['a name inside a path', 'trailers/`memory`.mp4 cannot be read; see `memory`/units'],
  ])('%s', (_, said) => {
    expect(render(said)).toBe(said);
  });

  it('and so does what was typed, wherever it stands, while the option beside it is rendered', () => {
    const typed = renderOptions(flags, ['`memory`', 'a `maxDuration` b', 'plain', '`memory` (1)+']);
    expect(typed('`memory` is not a dataset: raise `maxDuration`')).toBe(
      '`memory` is not a dataset: raise `--max-duration`',
    );
    expect(typed('a `maxDuration` b is missing')).toBe('a `maxDuration` b is missing');
    expect(typed('`memory` (1)+ is missing')).toBe('`memory` (1)+ is missing');
  });
});

describe('the options of a command', () => {
  it('are found by the names that the library has for them', () => {
    const found = flagsOf(extractionOptions);
    expect(found.get('statistics')?.flag).toBe('statistic');
    expect(found.get('fps')?.flag).toBe('fps');
    expect(found.get('maxDuration')?.flag).toBe('max-duration');
    // Messages that were kept by earlier versions have the names of then.
    expect(found.get('sampling')?.flag).toBe('fps');
    expect(found.has('subclip')).toBe(false);
  });
});

describe('a result', () => {
  it('is rendered in what it says, and left alone in what it tells', () => {
    const letter = { item: '`memory`', message: 'raise `memory`', remedy: 'or `maxDuration`', path: '`memory`' };
    const result = {
      dead: [letter],
      notes: [{ item: '`memory`', notes: ['see `memory`'] }],
      frames: new Float32Array(1),
    };
    expect(renderMessages(result, render)).toEqual({
      dead: [{ item: '`memory`', message: 'raise `--memory`', remedy: 'or `--max-duration`', path: '`memory`' }],
      notes: [{ item: '`memory`', notes: ['see `--memory`'] }],
      frames: new Float32Array(1),
    });
  });
});
