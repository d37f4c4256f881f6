import { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Command, isGroup } from '../../bin/command.ts';
import { NOTHING_WRITTEN } from '../../bin/output-options.ts';
import { loadAll } from '../../bin/registry.ts';
import { callReelflow } from '../fixtures/call-cli.ts';
import { makeClip } from '../fixtures/clips.ts';
import { LengthRun } from '../fixtures/length-run.ts';
import { plantedFiles } from '../fixtures/planted-files.ts';
import { writeStateDict } from '../fixtures/state-dict.ts';
import { writeTinyVisual } from '../fixtures/tiny-networks.ts';

/**
 * Commands that leave nothing behind; a dry run of `worker`, which needs a queue, is in its own
 * tests.
 */
const readers = [
  ...[
    'explain',
    'status',
    'dead list',
    'evaluate',
    'elicit',
    'off-policy',
    'search',
    'weights list',
    'weights verify',
    'doctor',
    'serve',
  ],
  ...['completion', 'worker', 'mcp'],
];

let commands: readonly Command[];
beforeAll(async () => {
  commands = (await loadAll()).flatMap((entry) => (isGroup(entry) ? entry.commands : [entry]));
});
const writers = () => commands.filter(({ name }) => !readers.includes(name));

/** Every file below a directory with its size and when it was last modified. */
function tree(below: string): unknown {
  return readdirSync(below, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const { mtimeNs, size } = statSync(join(below, name), { bigint: true });
      return [name, mtimeNs, size];
    });
}

/** Something for each command to do, by its name: what is typed beside `--dry-run`. */
async function prepared(): Promise<{ directory: string; asked: Record<string, string[]> }> {
  const place = new LengthRun();
  const { directory, out } = place;
  const at = (name: string) => place.path(name);
  vi.stubEnv('REELFLOW_WEIGHTS_DIR', at('store'));
  onTestFinished(() => void vi.unstubAllEnvs());
  for (const [name, content] of Object.entries({ heat: 'heat', jaws: 'jaws!', gone: 'gone!!!!', dark: 'broken' })) {
    place.write(`films/${name}.mp4`, content);
  }
  await place.run({ inputs: [at('films')] });
  rmSync(at('films/gone.mp4'));
  await place.run({ inputs: [at('films')] });
  const { ratings, features } = await plantedFiles(directory);
  mkdirSync(at('clips'));
  await makeClip(at('clips/clip.mp4'), { seconds: 1, width: 64, height: 48, fps: 5, sound: false });
  const card = writeTinyVisual(directory);
  renameSync(card, at('tiny.json'));
  writeStateDict(at('own.safetensors'), 'squeezenet1_1');
  writeFileSync(at('vectors.csv'), 'movieId,a,b\n101,1,2\n102,3,5\n');
  writeFileSync(at('list.csv'), 'youtubeId,movieId\naaaaaaaaaaa,1\n');
  const [model, content] = [at('model'), at('content')];
  for (const args of [
    ['train', 'baseline', '--ratings', ratings, '--out', model],
    ['train', 'content-ridge', '--ratings', ratings, '--features', features, '--out', content],
    [
      'experiment',
      '--ratings',
      ratings,
      '--recommenders',
      'baseline',
      '--scenarios',
      'non-cold',
      '--out',
      at('results'),
    ],
    ['weights', 'import', 'squeezenet1_1', at('own.safetensors')],
  ]) {
    expect(await callReelflow(args)).toMatchObject({ code: 0 });
  }
  mkdirSync(at('project/node_modules/parquet-wasm/esm'), { recursive: true });
  mkdirSync(at('project/node_modules/parquet-wasm/node'));
  writeFileSync(at('project/package.json'), '{}');
  const network = ['--visual', at('tiny.json'), '--audio', 'none'];
  const asked = {
    fetch: ['--list', at('list.csv'), '--out', at('new'), '--command', 'get {id} {out}'],
    extract: [at('clips'), '--out', at('new'), ...network],
    compact: [out],
    reduce: [out, '--out', at('new'), '--components', '1'],
    prune: [out],
    analyze: [features, '--out', at('new.html'), '--figures', at('new'), '--points', at('new')],
    'import-features': [at('vectors.csv'), '--out', at('new.arrow')],
    'dead retry': [out],
    experiment: ['--ratings', ratings, '--recommenders', 'baseline', '--out', at('new'), '--report', at('new.html')],
    report: [at('results'), '--out', at('new.html'), '--figures', at('new')],
    'weights import': ['squeezenet1_1', at('own.safetensors')],
    'weights pull': ['alexnet'],
    'weights remove': ['squeezenet1_1'],
    'weights card': [at('tiny-visual.onnx'), '--out', at('new.json')],
    train: ['item-knn', '--ratings', ratings, '--out', at('new')],
    recommend: [model, '--all-users', '--out', at('new.csv')],
    'explain-item': [content, '--item', '101', '--user', 'u1', '--edl', at('new.edl')],
    demo: ['--out', at('new')],
    trim: [at('project')],
  };
  return { directory, asked };
}

describe('`--dry-run`', { timeout: 120_000 }, () => {
  it('is an option of every command that writes or removes something', () => {
    expect(writers().length).toBeGreaterThan(10);
    expect(writers().filter(({ options }) => options.dryRun === undefined)).toEqual([]);
    expect(readers.filter((name) => !commands.some((command) => command.name === name))).toEqual([]);
  });

  it('leaves everything as it is, says so, and tells a program', async () => {
    const { directory, asked } = await prepared();
    const before = tree(directory);
    for (const { name } of writers()) {
      const args = [...name.split(' '), ...(asked[name] ?? []), '--dry-run'];
      const { code, stdout, stderr } = await callReelflow(args);
      expect(stderr, name).not.toContain('reelflow:');
      expect(code, name).toBe(0);
      // Of `fetch` each line is a command as JSON, for a program.
      if (name !== 'fetch') expect(stdout.endsWith(NOTHING_WRITTEN), `${name}: ${stdout}`).toBe(true);
      expect(tree(directory), name).toEqual(before);
    }
    const told = await callReelflow(['prune', ...(asked.prune ?? []), '--dry-run', '--json']);
    expect(JSON.parse(told.stdout)).toMatchObject({ dryRun: true, items: [{ item: 'gone' }] });
  });
});

describe('a path that something is written to', () => {
  it('has the ending of what is written, or none of a file where it is a directory', async () => {
    for (const { name, options } of writers()) {
      for (const [option, { value, read }] of Object.entries(options)) {
        if (!['out', 'report', 'figures', 'points', 'logDirectory'].includes(option) || name.startsWith('weights p'))
          continue;
        const refused = value === 'DIR' ? 'results.csv' : 'o.txt';
        expect(() => read([refused], option), `${name} --${option}`).toThrow(
          value === 'DIR'
            ? "is a directory, but 'results.csv' is named like a file"
            : 'must be a file whose name ends in .',
        );
      }
    }
    const { code, stderr } = await callReelflow(['import-features', 'vectors.csv', '--out', 'o.csv']);
    expect([code, stderr]).toEqual([
      2,
      "reelflow: `--out` must be a file whose name ends in .arrow, but is 'o.csv' [usage]\n  Name it, for instance, o.arrow.\n",
    ]);
  });
});
