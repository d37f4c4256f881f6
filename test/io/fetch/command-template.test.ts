import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CommandTemplate } from '../../../src/io/fetch/command-template.ts';

describe('a command with placeholders', () => {
  it('fills ids and paths into words, wherever they stand and how often', () => {
    const template = new CommandTemplate("get -o '{out}.%(ext)s' 'https://x/?v={id}&again={id}' {title}");
    expect(template.program).toBe('get');
    expect(template.fill('a-b', '/tmp/a b')).toEqual([
      'get',
      '-o',
      '/tmp/a b.%(ext)s',
      'https://x/?v=a-b&again=a-b',
      '{title}',
    ]);
  });

  it('keeps the number of words, whatever is filled in, and fills only once', () => {
    const template = new CommandTemplate('get x{id} {out}');
    fc.assert(
      fc.property(fc.string(), fc.string(), (id, out) => {
        expect(template.fill(id, out)).toEqual(['get', `x${id}`, out]);
      }),
    );
    expect(template.fill('{out}', '$&{id}')).toEqual(['get', 'x{out}', '$&{id}']);
  });

  it.each([
    ['get {out}', 'has no {id}'],
    ['get {id}', 'has no {out}'],
    ['{id} {out} {id}', 'must be fixed'],
    ['./{out} {id} {out}', 'must be fixed'],
  ])('refuses %s', (command, says) => {
    expect(() => new CommandTemplate(command)).toThrow(says);
  });

  it('knows where an id that begins with a dash would be an option', () => {
    const reads = (command: string, id = '-x') => new CommandTemplate(command).readsAsOption(id);
    expect(reads('get {id} {out}')).toBe(true);
    expect(reads('get {id}.mp4 {out}')).toBe(true);
    expect(reads('get {id} {out}', 'x-')).toBe(false);
    expect(reads('get --id={id} {out}')).toBe(false);
    expect(reads('get {out} -- {id}')).toBe(false);
    expect(reads('get {id} {out} -- {id}')).toBe(true);
  });
});
