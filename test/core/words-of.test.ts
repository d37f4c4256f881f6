import { spawn } from 'node:child_process';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { factOf, wordsOf } from '../../src/core/words-of.ts';
import { freePort } from '../fixtures/free-port.ts';

const failed = (path: string) => readFile(path).catch((error: unknown) => error);

describe('why something failed', () => {
  it('is what the operating system says, without its code, its call and the path', async () => {
    expect(wordsOf(await failed('nowhere, really.csv'))).toBe('no such file or directory');
    expect(wordsOf(await failed('.'))).toBe('it is a directory');
    const program = join('no', 'such', 'program');
    const [missing] = await once(spawn(program), 'error');
    expect(wordsOf(missing)).toBe('no such file or directory');
  });

  it('is known from the message of an error that came from another thread', () => {
    const error = Object.assign(new Error("EACCES: permission denied, open 'a.csv'"), { code: 'EACCES' });
    expect(wordsOf(error)).toBe('permission denied');
  });

  it('is the message of any other error', () => {
    expect(wordsOf(new SyntaxError('Unexpected end of JSON input'))).toBe('Unexpected end of JSON input');
    expect(wordsOf(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' }))).toBe('no answer');
    expect(wordsOf('a text')).toBe('a text');
  });

  it('begins with the path where the sentence does not name it', async () => {
    expect(factOf(await failed('nowhere.csv'))).toBe("'nowhere.csv': no such file or directory");
    expect(factOf(new Error('no path'))).toBe('no path');
    const [refused] = await once(connect(await freePort(), '127.0.0.1'), 'error');
    expect(factOf(refused)).toMatch(/^'127\.0\.0\.1:\d+': connection refused$/);
    const unknown = await lookup('nowhere.invalid').catch((error: unknown) => error);
    expect(factOf(unknown)).toMatch(/^'nowhere\.invalid': /);
    expect(factOf(new AggregateError([refused, new Error('another')]))).toMatch(/connection refused; another$/);
  });
});
