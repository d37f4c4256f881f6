import { describe, expect, it } from 'vitest';
import { cuesOf } from '../../../src/io/subtitles/cues.ts';

describe('subtitles', () => {
  it('of SubRip are read with their times, whatever ends their lines', () => {
    const lines = [
      ...['1', '00:00:01,000 --> 00:00:02,500', 'We <i>leave</i>', 'now.', ''],
      ...['2', '01:02:03,04 --> 01:02:04,000 X1:40 X2:600', '{\\an8}- {not} markup', ''],
    ];
    const cues = [
      { start: 1, end: 2.5, text: 'We leave now.' },
      { start: 3723.04, end: 3724, text: '- {not} markup' },
    ];
    for (const end of ['\n', '\r\n', '\r']) expect(cuesOf(`\ufeff${lines.join(end)}`)).toEqual(cues);
  });

  it('are read where lines end oddly, times are short, and blank lines are missing or too many', () => {
    const odd = [
      ...['1', '00:00:01 --> 00:00:02', '', 'behind a blank line', '2', '00:10:03, 5 -> 00:10:04.0000', 'right after'],
      ...['\u00a0', '3', '00:11:00,000 --> 00:11:01,000', 'after a space &constructor;'],
    ];
    expect(cuesOf(odd.join('\r\r\n'))).toEqual([
      { start: 1, end: 2, text: 'behind a blank line' },
      { start: 603.5, end: 604, text: 'right after' },
      { start: 660, end: 661, text: 'after a space &constructor;' },
    ]);
  });

  it('of WebVTT are read without header, notes, styles, settings and names', () => {
    const text = [
      ...['WEBVTT - a film', '', 'NOTE 00:01.000 is early', '', 'STYLE', '::cue { color: red }', ''],
      ...['intro', '00:01.000 --> 00:02.000 align:start', '<v Ann>Tom &amp; Jerry&#33; <00:01.500><c.y>Yes', ''],
      ...['00:03.000 --> 00:02.000', 'backwards', '', '00:04.000 --> 00:05.000', '<b></b>'],
    ].join('\n');
    expect(cuesOf(text)).toEqual([{ start: 1, end: 2, text: 'Tom & Jerry! Yes' }]);
    expect(cuesOf('nothing of the kind')).toEqual([]);
  });
});
