import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { probe } from '../../../src/io/media/probe.ts';
import { whyUnrecognised } from '../../../src/io/media/sniff.ts';
import { ffmpeg, makeClip, temporaryDirectory } from '../../fixtures/clips.ts';
import { cut } from '../../fixtures/damage.ts';
import { verdictOf } from '../../fixtures/decoded.ts';

let folder: { path: string; remove: () => Promise<void> };
let clip: string;
const at = (name: string) => join(folder.path, name);

beforeAll(async () => {
  folder = await temporaryDirectory();
  clip = await makeClip(at('clip.mp4'), { seconds: 4 });
  await ffmpeg('-i', clip, '-c', 'copy', '-movflags', 'frag_keyframe+empty_moov', at('fragments.mp4'));
});
afterAll(() => folder.remove());

/** A PCM WAV of one channel at 8,000 Hz. */
function wave(samples: number, options: { stated?: number; channels?: number; mask?: number } = {}): Buffer {
  const { channels = 1, mask } = options;
  const bytes = 2 * channels * samples;
  const format = Buffer.alloc(mask === undefined ? 16 : 40);
  format.writeUInt16LE(mask === undefined ? 1 : 0xfffe, 0);
  format.writeUInt16LE(channels, 2);
  format.writeUInt32LE(8000, 4);
  format.writeUInt32LE(16_000 * channels, 8);
  format.writeUInt16LE(2 * channels, 12);
  format.writeUInt16LE(16, 14);
  if (mask !== undefined) {
    format.writeUInt16LE(22, 16);
    format.writeUInt16LE(16, 18);
    format.writeUInt32LE(mask, 20);
    Buffer.from('0100000000001000800000aa00389b71', 'hex').copy(format, 24);
  }
  const chunk = (name: string, size: number) => {
    const header = Buffer.alloc(8);
    header.write(name);
    header.writeUInt32LE(size, 4);
    return header;
  };
  const data = Buffer.alloc(bytes);
  for (let index = 0; index < samples * channels; index++)
    data.writeInt16LE(Math.round(8000 * Math.sin(index / 5 / channels)), 2 * index);
  const stated = options.stated ?? bytes;
  return Buffer.concat([
    chunk('RIFF', 4 + 8 + format.length + 8 + stated),
    Buffer.from('WAVE'),
    chunk('fmt ', format.length),
    format,
    chunk('data', stated),
    data,
  ]);
}

describe('headers without media', () => {
  test('are empty, and say so', async () => {
    await writeFile(at('header.wav'), wave(0));
    const bytes = await readFile(at('fragments.mp4'));
    await writeFile(at('init.mp4'), bytes.subarray(0, bytes.indexOf('moof') - 4));
    for (const name of ['header.wav', 'init.mp4'])
      await expect(probe(at(name)), name).rejects.toMatchObject({
        code: 'empty',
        message: expect.stringContaining('holds no media'),
      });
  });

  /** An ID3v2 tag with room for its frames. */
  const tag = (room: number) => {
    const bytes = Buffer.alloc(10 + room);
    bytes.write('ID3\x04', 'latin1');
    bytes[8] = room >> 7;
    bytes[9] = room & 127;
    return bytes;
  };
  const lastTag = Buffer.concat([Buffer.from('TAG'), Buffer.alloc(125, 'x')]);
  const flv = Buffer.from('464c5601050000000900000000', 'hex');
  const script = Buffer.from('12000003000000000000000200010000000e', 'hex');

  test.each([
    ['an empty tag', 'mp3', tag(0)],
    ['a tag with room', 'mp3', tag(5000)],
    ['tags at both ends', 'mp3', Buffer.concat([tag(300), tag(20), lastTag])],
    ['a last tag alone', 'mp3', lastTag],
    ['the header of an FLV', 'flv', flv],
    ['the header of an FLV without the size behind it', 'flv', flv.subarray(0, 9)],
    ['the header and script data of an FLV', 'flv', Buffer.concat([flv, script])],
  ])('are empty where the file is no more than %s', async (name, kind, bytes) => {
    const path = at(`${name.replaceAll(' ', '-')}.${kind}`);
    await writeFile(path, bytes);
    await expect(probe(path)).rejects.toMatchObject({
      code: 'empty',
      message: expect.stringContaining('holds no media'),
    });
  });

  test.each([
    ['a tag that is cut', 'mp3', tag(300).subarray(0, 200)],
    ['a tag and noise', 'mp3', Buffer.concat([tag(20), Buffer.alloc(300, 0x91)])],
    ['an FLV that is cut in its pictures', 'flv', Buffer.concat([flv, Buffer.from('0900ffff000000', 'hex')])],
  ])('are no more than that: %s is not empty', async (name, kind, bytes) => {
    const path = at(`${name.replaceAll(' ', '-')}.${kind}`);
    await writeFile(path, bytes);
    await expect(probe(path)).rejects.toMatchObject({ code: 'corrupt' });
  });

  test('of one stream cost nothing of the other', async () => {
    await ffmpeg('-i', clip, '-t', '2', '-c', 'copy', '-bsf:a', "noise=drop='1'", at('no-sound.mkv'));
    expect(await verdictOf(at('no-sound.mkv'))).toMatchObject({
      combined: { verdict: 'whole', notes: ['the audio stream holds no packets'] },
      frames: expect.any(Number),
      samples: 0,
    });
  });
});

describe('files that cannot be decoded on their own', () => {
  test('a segment without its beginning says what is missing', async () => {
    const bytes = await readFile(at('fragments.mp4'));
    const segment = bytes.subarray(bytes.indexOf('moof') - 4);
    await writeFile(at('segment.m4s'), segment);
    await writeFile(
      at('typed.m4s'),
      Buffer.concat([Buffer.from([0, 0, 0, 16]), Buffer.from('stypmsdh'), Buffer.alloc(4), segment]),
    );
    for (const name of ['segment.m4s', 'typed.m4s'])
      await expect(probe(at(name)), name).rejects.toMatchObject({
        code: 'unsupported',
        message: expect.stringContaining('without its initialisation segment'),
        remedy: expect.stringContaining('cat init.mp4'),
      });
    await writeFile(at('joined.mp4'), Buffer.concat([bytes.subarray(0, bytes.indexOf('moof') - 4), segment]));
    expect((await probe(at('joined.mp4'))).duration).toBeLessThan(4.2);
  });

  test('encrypted ones are unsupported', async () => {
    const key = [
      '-encryption_scheme',
      'cenc-aes-ctr',
      '-encryption_key',
      '76a6c65c5ea762046bd749a2e632ccbb',
      '-encryption_kid',
      'a7e61c373e219033c21091fa607bf3b8',
    ];
    await ffmpeg('-i', clip, '-c', 'copy', ...key, at('encrypted.mp4'));
    await expect(probe(at('encrypted.mp4'))).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('encrypted (Common Encryption)'),
    });
  });

  test('a scrambled transport stream is encrypted', async () => {
    await ffmpeg('-i', clip, '-c', 'copy', at('clear.ts'));
    const bytes = await readFile(at('clear.ts'));
    for (let start = 0; start < bytes.length; start += 188) {
      const pid = bytes.readUInt16BE(start + 1) & 0x1fff;
      if (pid >= 0x100) {
        bytes[start + 3] = (bytes[start + 3] ?? 0) | 0x80;
        for (let index = start + 12; index < start + 188; index++) bytes[index] = (bytes[index] ?? 0) ^ 0x5a;
      }
    }
    await writeFile(at('scrambled.ts'), bytes);
    await expect(
      verdictOf(at('scrambled.ts'))
        .then(({ combined }) => ({ code: 'reason' in combined ? combined.reason : undefined }))
        .catch((error: { code: string }) => ({ code: error.code })),
    ).resolves.toEqual({ code: 'unsupported' });
  });

  test('containers that are not read are unsupported, still pictures no media', () => {
    const head = new Uint8Array([1, 0, 2, 0xff]);
    const refused = (demuxer: string) =>
      whyUnrecognised('x.bin', head, [`[${demuxer}] [error] Format not on whitelist 'mov'`]);
    expect(refused('mpc')).toMatchObject({ code: 'unsupported', what: expect.stringContaining('mpc') });
    expect(refused('webp_pipe').code).toBe('not-media');
    expect(refused('image2').code).toBe('not-media');
    expect(whyUnrecognised('x.bin', head).code).toBe('not-media');
  });

  test('a still picture that calls itself a RIFF is not a media', async () => {
    await ffmpeg('-i', clip, '-frames:v', '1', at('still.png'));
    await writeFile(at('still.mp4'), await readFile(at('still.png')));
    await expect(probe(at('still.mp4'))).rejects.toMatchObject({
      code: 'not-media',
      message: expect.stringContaining('still image'),
    });
  });
});

describe('a cut that no demuxer notices', () => {
  const reason = async (path: string) => {
    const { combined } = await verdictOf(path);
    return 'reason' in combined ? combined.reason : combined.verdict;
  };

  test('of a WAV at an even byte', async () => {
    await writeFile(at('whole.wav'), wave(16_000));
    await writeFile(at('cut.wav'), wave(16_000, { stated: 50_000 }));
    expect(await reason(at('whole.wav'))).toBe('whole');
    expect(await reason(at('cut.wav'))).toBe('truncated');
    for (const stated of [0, 0x7ffff000, 0x7fffffff, 0xffffffff]) {
      const bytes = wave(16_000);
      bytes.writeUInt32LE(stated, 4);
      bytes.writeUInt32LE(stated, bytes.indexOf('data') + 4);
      await writeFile(at('streamed.wav'), bytes);
      expect(await reason(at('streamed.wav')), String(stated)).toBe('whole');
    }
  });

  test.each(['avi', 'caf', 'gif', 'voc', 'aiff', 'mp3'])('of .%s', async (kind) => {
    const options =
      kind === 'caf' || kind === 'aiff'
        ? ['-vn', '-c:a', 'pcm_s16be']
        : kind === 'voc'
          ? ['-vn', '-c:a', 'pcm_u8']
          : kind === 'gif'
            ? ['-an']
            : kind === 'mp3'
              ? ['-vn', '-c:a', 'libmp3lame']
              : ['-c:v', 'mpeg4', '-c:a', 'mp3'];
    await ffmpeg('-i', clip, ...options, at(`whole.${kind}`));
    expect(await reason(at(`whole.${kind}`))).toBe('whole');
    expect(await reason(await cut(at(`whole.${kind}`), at(`cut.${kind}`), 0.6))).toBe('truncated');
  });

  test('of an AVI that lost no more than its index is none', async () => {
    const bytes = await readFile(at('whole.avi'));
    await writeFile(at('no-index.avi'), bytes.subarray(0, bytes.lastIndexOf('idx1')));
    expect(await reason(at('no-index.avi'))).toBe('whole');
  });

  test('of a fragmented MP4 inside an index keeps what is before it', async () => {
    // a fragment whose index ends after 40 bytes
    await ffmpeg('-i', clip, '-c', 'copy', '-g', '25', '-movflags', 'empty_moov+frag_every_frame', at('frames.mp4'));
    const many = await readFile(at('frames.mp4'));
    let box = 0;
    for (let count = 0; count < 120; count++) box = many.indexOf('moof', box + 1);
    await writeFile(at('cut-index.mp4'), many.subarray(0, box + 40));
    const { combined, frames } = await verdictOf(at('cut-index.mp4'));
    expect(combined).toMatchObject({
      verdict: 'partial',
      reason: 'truncated',
      message: expect.stringContaining('index of a fragment'),
    });
    expect(frames).toBeGreaterThan(20);
  });
});

describe('sound in many channels', () => {
  test.each([
    ['9 channels', { channels: 9 }],
    ['12 channels', { channels: 12 }],
    ['32 channels', { channels: 32 }],
    ['side speakers only', { channels: 2, mask: 0x600 }],
  ])('%s are mixed evenly', async (_, options) => {
    await writeFile(at('many.wav'), wave(16_000, options));
    const { combined, samples } = await verdictOf(at('many.wav'));
    expect(combined.verdict).toBe('whole');
    expect(samples).toBeGreaterThan(31_900);
  });
});

describe('geometry', () => {
  test('a display matrix of zeros turns nothing', async () => {
    const bytes = await readFile(clip);
    const matrix = bytes.indexOf('tkhd') + 4 + 40;
    bytes.fill(0, matrix, matrix + 36);
    await writeFile(at('zero-matrix.mp4'), bytes);
    expect((await probe(at('zero-matrix.mp4'))).video).toMatchObject({
      rotation: 0,
      displayWidth: 160,
      displayHeight: 120,
    });
  });

  test('of several video tracks the default one is chosen', async () => {
    const tracks = [
      '-i',
      clip,
      '-f',
      'lavfi',
      '-i',
      'color=red:s=64x48:d=4:r=25',
      '-map',
      '1:v',
      '-map',
      '0:v',
      '-c:v',
      'mpeg4',
    ];
    await ffmpeg(...tracks, '-disposition:v:0', '0', '-disposition:v:1', 'default', at('second.mkv'));
    await ffmpeg(...tracks, '-disposition:v:0', '0', '-disposition:v:1', '0', at('neither.mkv'));
    expect((await probe(at('second.mkv'))).video).toMatchObject({ index: 1, width: 160 });
    expect((await probe(at('neither.mkv'))).video).toMatchObject({ index: 0, width: 64 });
  });
});

describe('complaints that cost nothing', () => {
  test.each([
    [
      'a tag with a wrong byte order mark',
      async (path: string) => {
        await ffmpeg('-i', clip, '-vn', '-c:a', 'libmp3lame', '-metadata', 'title=abc', path);
        const bytes = await readFile(path);
        const title = bytes.indexOf('TIT2') + 11;
        bytes[title - 1] = 1;
        bytes.writeUInt16BE(0x1234, title);
        await writeFile(path, bytes);
      },
    ],
    [
      'an APE tag and zeros behind the sound',
      async (path: string) => {
        await ffmpeg('-i', clip, '-vn', '-c:a', 'libmp3lame', '-write_xing', '0', path);
        await appendFile(
          path,
          Buffer.concat([
            Buffer.alloc(3000),
            Buffer.from('APETAGEX'),
            Buffer.from([0xd0, 7, 0, 0, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
            Buffer.alloc(40),
          ]),
        );
      },
    ],
  ])('%s', async (name, make) => {
    const path = at(`${name.replaceAll(' ', '-')}.mp3`);
    await make(path);
    const { combined, samples } = await verdictOf(path);
    expect(combined, JSON.stringify(combined)).toMatchObject({ verdict: 'whole' });
    expect(samples).toBeGreaterThan(63_000);
  });

  test('a transport stream that begins in the middle of a group of pictures', async () => {
    await ffmpeg('-i', clip, '-c:v', 'libx264', '-g', '50', '-c:a', 'copy', at('groups.ts'));
    const bytes = await readFile(at('groups.ts'));
    await writeFile(at('middle.ts'), bytes.subarray(188 * Math.floor(bytes.length / 188 / 4)));
    const { combined, frames } = await verdictOf(at('middle.ts'));
    expect(combined, JSON.stringify(combined)).toMatchObject({ verdict: 'whole' });
    expect(frames).toBeGreaterThan(40);
    expect(combined.notes.join()).toMatch(/complained \d+ times/);
  });
});
