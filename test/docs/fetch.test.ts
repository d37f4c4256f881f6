import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { command } from '../../bin/commands/fetch.ts';
import { flaggedOptions } from '../../bin/option-table.ts';
import { parseCommand } from '../../bin/parse-command.ts';
import { CommandTemplate } from '../../src/io/fetch/command-template.ts';
import { recipe } from '../fixtures/docs.ts';

/** The words of a line as the reader's shell hands them to reelflow. */
function words(line: string): string[] {
  return execFileSync('sh', ['-c', `printf '%s\\0' ${line}`], { encoding: 'utf8' })
    .split('\0')
    .slice(0, -1);
}

describe('the guide to fetching', () => {
  const page = readFileSync(new URL('../../docs/fetch.md', import.meta.url), 'utf8');

  it('shows a command that is accepted, and that a dash at the front of an id does not turn into an option', () => {
    const [, , ...rest] = words(recipe('fetch.md', 'sh').split('\n')[0] ?? '');
    const template = new CommandTemplate(String(parseCommand(command, rest).values.command));
    expect(template.readsAsOption('-3BwU9l8d_E')).toBe(false);
    expect(template.fill('-3BwU9l8d_E', '/x/y')).toEqual([
      ...['yt-dlp', '--no-playlist', '-f', 'bv*[height<=720]+ba/b[height<=720]'],
      ...['-o', '/x/y.%(ext)s', 'https://www.youtube.com/watch?v=-3BwU9l8d_E'],
    ]);
  });

  it('names every option and no other', () => {
    const named = new Set([...page.matchAll(/`--([a-z-]+)/g)].map(([, name]) => name));
    const shown = recipe('fetch.md', 'sh').split('\n')[0] ?? '';
    for (const [, name] of shown.matchAll(/ --(list|out|command) /g)) named.add(name);
    const own = new Set(flaggedOptions(command.options).map(({ flag }) => flag));
    expect([...own].filter((name) => !named.has(name))).toEqual([]);
    expect([...named].filter((name) => !own.has(name ?? ''))).toEqual(['trailers', 'json']);
  });

  it('shows in the help what the guide shows', () => {
    const [, , ...rest] = words(command.examples[0] ?? '');
    expect(() => new CommandTemplate(String(parseCommand(command, rest).values.command))).not.toThrow();
  });
});
