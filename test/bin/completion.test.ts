import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bashCompletion } from '../../bin/completion/bash.ts';
import { completionTable } from '../../bin/completion/completion-table.ts';
import { fishCompletion } from '../../bin/completion/fish.ts';
import { zshCompletion } from '../../bin/completion/zsh.ts';
import { loadAll } from '../../bin/registry.ts';
import { recommenderNames } from '../../src/graphs/recommenders/recommender-names.ts';

const isThere = (shell: string) => spawnSync(shell, ['-c', 'true']).status === 0;

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'completion-'));
  const table = completionTable(await loadAll());
  writeFileSync(join(folder, 'bash'), bashCompletion(table));
  writeFileSync(join(folder, 'zsh'), zshCompletion(table));
  writeFileSync(join(folder, 'fish'), fishCompletion(table));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(!isThere('bash'))('the completion of bash', () => {
  /** What Tab offers after some words, the last of which is being typed. */
  function offered(...words: string[]): string[] {
    const print = `printf '%s\\n' "\${COMPREPLY[@]}"`;
    const script = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _reelflow; ${print}`;
    const output = execFileSync('bash', ['-c', script, 'bash', join(folder, 'bash'), 'reelflow', ...words], {
      encoding: 'utf8',
    });
    return output.split('\n').filter((line) => line !== '');
  }

  it.each([
    [['ex'], ['extract', 'explain', 'experiment', 'explain-item']],
    [
      ['extract', '--fo'],
      ['--format', '--force-precision'],
    ],
    [
      ['extract', 'clips/', '--format', ''],
      ['parquet', 'arrow'],
    ],
    [
      ['extract', '--statistic', 'med'],
      ['median', 'medmad'],
    ],
    [['weights', 'p'], ['pull']],
    [['weights', 'pull', 'alex'], ['alexnet']],
    [['weights', 'pull', '--re'], ['--replace']],
    [['dead', 'retry', 'features/', '--d'], ['--dry-run']],
    [['train', 'item'], ['item-knn']],
    [
      ['evaluate', '--recommender', 'dcf'],
      ['dcf-av-1', 'dcf-av-2'],
    ],
    [
      ['doctor', '--progress', 'n'],
      ['ndjson', 'none'],
    ],
    [
      ['help', 'comp'],
      ['compact', 'completion'],
    ],
    // Nothing of its own: then bash completes paths.
    [['extract', '--out', 'x'], []],
  ])('offers after %j', (words, expected) => {
    expect(offered(...words).sort()).toEqual([...expected].sort());
  });
});

describe.skipIf(!isThere('fish'))('the completion of fish', () => {
  function offered(line: string): string[] {
    const output = execFileSync(
      'fish',
      ['-N', '-c', 'source $argv[1]; complete -C $argv[2]', join(folder, 'fish'), line],
      {
        encoding: 'utf8',
        env: { ...process.env, HOME: folder },
      },
    );
    return output.split('\n').flatMap((each) => (each === '' ? [] : [each.split('\t')[0] ?? '']));
  }

  it('offers commands, their second words, options and values', () => {
    expect(offered('reelflow ext')).toEqual(['extract']);
    expect(offered('reelflow weights pu')).toEqual(['pull']);
    expect(offered('reelflow extract --form')).toEqual(['--format']);
    expect(offered('reelflow extract --format ').sort()).toEqual(['arrow', 'parquet']);
    expect(offered('reelflow train ')).toEqual(expect.arrayContaining([...recommenderNames]));
  });
});

describe.skipIf(!isThere('zsh'))('the completion of zsh', () => {
  it('is accepted by zsh, and says what it is called', () => {
    const script = 'autoload -Uz compinit; compinit -u -D; source $1; print $_comps[reelflow]';
    const output = execFileSync('zsh', ['-f', '-c', script, 'zsh', join(folder, 'zsh')], { encoding: 'utf8' });
    expect(output).toBe('_reelflow\n');
  });
});
