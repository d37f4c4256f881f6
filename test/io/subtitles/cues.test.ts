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
