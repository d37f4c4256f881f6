import { describe, expect, test } from 'vitest';
import type { VideoStreamInfo } from '../../../src/io/media/media-info.ts';
import { resizeFilters } from '../../../src/io/media/resize.ts';
import { ffmpegOutput } from '../../fixtures/clips.ts';

const shown = (displayWidth: number, displayHeight: number, pixelFormat = 'rgb24') =>
  ({ displayWidth, displayHeight, pixelFormat, rotation: 0 }) as VideoStreamInfo;

/** A picture whose red is the column and whose green is the row, through the filters. */
async function resized(width: number, height: number, filters: readonly string[]): Promise<Buffer> {
  const ramp = `nullsrc=s=${width}x${height}:d=0.04,format=gbrp,geq=r='255*X/(W-1)':g='255*Y/(H-1)':b=0`;
  return ffmpegOutput(
    '-f',
    'lavfi',
    '-i',
    ramp,
    '-frames:v',
    '1',
    '-vf',
    filters.join(','),
    '-f',
    'rawvideo',
    '-pix_fmt',
    'rgb24',
  );
}

describe('resizeFilters', () => {
  // scaled size as int(256 * long / short), offsets as int(round((scaled - 224) / 2)) in Python
  test.each([
    [320, 240, 341, 256, 58, 16],
    [1280, 720, 455, 256, 116, 16],
    [720, 1280, 256, 455, 16, 116],
    [500, 500, 256, 256, 16, 16],
    [1001, 1000, 256, 256, 16, 16],
    [359, 240, 382, 256, 79, 16],
  ])(
    "crop of %i x %i is torchvision's Resize(256), CenterCrop(224)",
    async (width, height, scaledWidth, scaledHeight, left, top) => {
      const exact = [
        `scale=${scaledWidth}:${scaledHeight}:flags=bilinear+accurate_rnd+full_chroma_int`,
        'format=rgb24',
        `crop=224:224:${left}:${top}`,
      ];
      const ours = await resized(width, height, resizeFilters(shown(width, height), 224, 224, 'crop'));
      expect(ours).toHaveLength(224 * 224 * 3);
      expect(ours.equals(await resized(width, height, exact))).toBe(true);
    },
  );

  test('crop to another shape covers it on both sides', async () => {
    const exact = ['scale=256:256:flags=bilinear+accurate_rnd+full_chroma_int', 'format=rgb24', 'crop=112:224:72:16'];
    const ours = await resized(100, 100, resizeFilters(shown(100, 100), 112, 224, 'crop'));
    expect(ours.equals(await resized(100, 100, exact))).toBe(true);
  });

  test('crop goes by the picture at hand, not by the first look at the stream', async () => {
    const believedWide = resizeFilters(shown(1280, 720), 64, 64, 'crop');
    const known = resizeFilters(shown(300, 400), 64, 64, 'crop');
    expect((await resized(300, 400, believedWide)).equals(await resized(300, 400, known))).toBe(true);
  });

  test('8-bit YUV becomes RGB when it has its size', () => {
    for (const resize of ['crop', 'stretch'] as const) {
      expect(resizeFilters(shown(1280, 720, 'yuv420p'), 224, 224, resize)).toContain('format=yuv444p');
      expect(resizeFilters(shown(1280, 720, 'yuv420p10le'), 224, 224, resize)).not.toContain('format=yuv444p');
      expect(resizeFilters(shown(1280, 720, 'yuvj420p'), 224, 224, resize)).not.toContain('format=yuv444p');
    }
  });

  test.each([
    [4096, 16],
    [16, 4096],
  ])('the middle of a strip of %i x %i is cut out before it is scaled', async (width, height) => {
    const filters = resizeFilters(shown(width, height), 64, 64, 'crop');
    expect(filters[0]).toMatch(/^crop/);
    const picture = await resized(width, height, filters);
    // the middle of the ramp along the strip
    const middle = picture[(32 * 64 + 32) * 3 + (width > height ? 0 : 1)];
    expect(middle).toBeGreaterThan(120);
    expect(middle).toBeLessThan(135);
    expect(resizeFilters(shown(1920, 800), 64, 64, 'crop')[0]).toMatch(/^scale/);
  });
});
