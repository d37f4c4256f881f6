import type { VideoStreamInfo } from './media-info.ts';

/** How pictures come to the size asked for. */
export type Resize = 'stretch' | 'crop';

/** Pixel formats that become `yuv444p` without losing anything. */
const EIGHT_BIT_YUV = ['yuv420p', 'yuv422p', 'yuv444p'];

/**
 * The ffmpeg filters that bring decoded (already rotated) pictures to `width` x `height` RGB, bilinear.
 *
 * `stretch`: straight to the size, whatever the shape. `crop`: torchvision's `Resize(256/224 * size)` and `CenterCrop`,
 * on the shape that a viewer sees, so that anamorphic pixels are undone: scaled to cover 256/224 of the size, the other
 * side rounded down, then the middle cut out, an odd remainder's half rounded to even. Pixels stored as 8-bit YUV stay YUV
 * (with whole chroma) until the middle is cut out: a quarter of the decoder's time less at 720p, and as near to scaling in
 * RGB (docs/decisions.md).
 */
export function resizeFilters(stream: VideoStreamInfo, width: number, height: number, resize: Resize): string[] {
  if (resize === 'stretch') return [`scale=${width}:${height}:flags=bilinear`, 'format=rgb24'];
  const coverWidth = Math.round((width * 256) / 224);
  const coverHeight = Math.round((height * 256) / 224);
  const { displayWidth, displayHeight } = stream;
  const widthBinds = displayWidth * coverHeight <= displayHeight * coverWidth;
  const scaledWidth = widthBinds ? coverWidth : Math.floor((coverHeight * displayWidth) / displayHeight);
  const scaledHeight = widthBinds ? Math.floor((coverWidth * displayHeight) / displayWidth) : coverHeight;
  const left = halfToEven(scaledWidth - width);
  const top = halfToEven(scaledHeight - height);
  const scale = `scale=${scaledWidth}:${scaledHeight}:flags=bilinear`;
  const crop = `crop=${width}:${height}:${left}:${top}`;
  return EIGHT_BIT_YUV.includes(stream.pixelFormat)
    ? [scale, 'format=yuv444p', crop, 'format=rgb24']
    : [scale, 'format=rgb24', crop];
}

/** Half of a whole number, rounded as Python's `round` does. */
function halfToEven(twice: number): number {
  const below = Math.floor(twice / 2);
  if (twice % 2 === 0) return below;
  return below % 2 === 0 ? below : below + 1;
}
