import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bashCompletion } from '../../bin/completion/bash.ts';
import { completionTable } from '../../bin/completion/completion-table.ts';
import { fishCompletion } from '../../bin/completion/fish.ts';
import { zshCompletion } from '../../bin/completion/zsh.ts';
import { loadAll } from '../../bin/registry.ts';
import { recommenderNames } from '../../src/graphs/recommenders/recommender-names.ts';

/** Skips the tests of a group where a shell is missing, and says so. */
function needs(shell: string): void {
  const isThere = spawnSync(shell, ['-c', 'true']).status === 0;
  beforeEach(({ skip }) => skip(!isThere, `${shell} is not installed`));
}

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'completion-'));
  const table = completionTable(await loadAll());
  writeFileSync(join(folder, 'bash'), bashCompletion(table));
  writeFileSync(join(folder, 'zsh'), zshCompletion(table));
  writeFileSync(join(folder, 'fish'), fishCompletion(table));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('the completion of bash', () => {
  needs('bash');

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
    // Bash takes --option=value for three words.
    [['extract', '--format', '=', 'pa'], ['parquet']],
    [
      ['extract', '--format', '='],
      ['parquet', 'arrow'],
    ],
    [['extract', '--statistic', 'mean,medi'], ['mean,median']],
    [
      ['--progress', 'none', 'expl'],
      ['explain', 'explain-item'],
    ],
    [['--progress', '=', 'none', 'weights', '--quiet', 'pu'], ['pull']],
    // Nothing of its own: then bash completes paths.
    [['extract', '--out', '=', 'x'], []],
    [['extract', '--out', 'x'], []],
  ])('offers after %j', (words, expected) => {
    expect(offered(...words).sort()).toEqual([...expected].sort());
  });
});

describe('the completion of fish', () => {
  needs('fish');

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
    expect(offered('reelflow extract --format=pa')).toEqual(['--format=parquet']);
    expect(offered('reelflow --progress none expl')).toEqual(['explain', 'explain-item']);
    expect(offered('reelflow train ')).toEqual(expect.arrayContaining([...recommenderNames]));
  });
});

describe('the completion of zsh', () => {
  needs('zsh');

  /** The line after Tab, typed into a zsh that runs in a terminal of its own. */
  const typed = `
    zmodload zsh/zpty
    zpty shell zsh -f -i
    zpty -w shell "autoload -Uz compinit; compinit -u -D; source $1; cd $2"
    zpty -w shell 'shown() { zle complete-word; zle -I; print -r -- "<<$BUFFER>>"; BUFFER= }; zle -N shown; bindkey "^I" shown'
    zpty -w shell 'print READ""Y'
    zpty -r shell answer '*READY*'
    for line in "\${@:3}"; do
      zpty -w -n shell "$line"$'\\t'
      zpty -r shell answer '*<<*>>*'
      print -r -- "\${\${answer##*<<}%%>>*}"
    done
    zpty -d shell`;

  it('offers commands, their second words, options, values and files, as Tab shows', () => {
    mkdirSync(join(folder, 'there'));
    writeFileSync(join(folder, 'there', 'one film.mp4'), '');
    const expected = {
      'reelflow ext': 'reelflow extract ',
      'reelflow --progress none ext': 'reelflow --progress none extract ',
      'reelflow --qui': 'reelflow --quiet ',
      'reelflow weights pu': 'reelflow weights pull ',
      'reelflow weights pull alex': 'reelflow weights pull alexnet ',
      'reelflow extract --forma': 'reelflow extract --format=',
      'reelflow extract --format pa': 'reelflow extract --format parquet ',
      'reelflow extract --format=pa': 'reelflow extract --format=parquet ',
      'reelflow extract --out=one': 'reelflow extract --out=one\\ film.mp4 ',
      'reelflow extract one': 'reelflow extract one\\ film.mp4 ',
    };
    const output = execFileSync(
      'zsh',
      ['-f', '-c', typed, 'zsh', join(folder, 'zsh'), join(folder, 'there'), ...Object.keys(expected)],
      { encoding: 'utf8', env: { ...process.env, TERM: 'xterm' } },
    );
    expect(
      output
        .trimEnd()
        .split('\n')
        .map((line) => line.trimEnd()),
    ).toEqual(Object.values(expected).map((line) => line.trimEnd()));
  });

  it('is accepted by zsh, and says what it is called', () => {
    const script = 'autoload -Uz compinit; compinit -u -D; source $1; print $_comps[reelflow]';
    const output = execFileSync('zsh', ['-f', '-c', script, 'zsh', join(folder, 'zsh')], { encoding: 'utf8' });
    expect(output).toBe('_reelflow\n');
  });
});
