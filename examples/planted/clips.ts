import { join } from 'node:path';
import { makeDirectory } from '../../src/core/atomic-file.ts';
import { encodeClip } from '../../src/io/media/encode.ts';
import { concurrently } from '../../src/models/autodiff/concurrently.ts';
import { PlantedDraws } from './draws.ts';
import { type PlantedItem, SCENES } from './taste.ts';

const [WIDTH, HEIGHT] = [64, 64];
const FRAMES_PER_SECOND = 4;
const SAMPLE_RATE = 16_000;
/** Frequency of the lowest tone in Hz, and the ratio of each step of pitch to the one below. */
const LOWEST_TONE = 250;
const PITCH_STEP = 1.45;
/** Seconds of sound after the last scene, so that encoding does not cut off its end. */
const TAIL = 0.05;
/** Pulses per second of pulsed tones. */
const PULSES = 5;

/** Frequency of each step of pitch, Hz. */
export const toneFrequencies: readonly number[] = Array.from(
  { length: SCENES },
  (_, step) => LOWEST_TONE * PITCH_STEP ** step,
);

/**
 * Writes a small clip with sound for each item: `SCENES` scenes of one second, 64 x 64 pixels,
 * mono.
 *
 * @returns the paths, in the order of the items.
 * @throws SystemError when ffmpeg is missing, MediaError when it cannot encode.
 */
export async function writePlantedClips(
  directory: string,
  clips: readonly { readonly name: string; readonly item: PlantedItem }[],
  options: { readonly seed: number; readonly signal?: AbortSignal | undefined },
): Promise<string[]> {
  await makeDirectory(directory);
  const tasks = clips.map(({ name, item }, index) => async () => {
    const path = join(directory, `${name}.mp4`);
    const draws = new PlantedDraws(options.seed, `clip/${index}`);
    await encodeClip({
      ...{ path, width: WIDTH, height: HEIGHT, fps: FRAMES_PER_SECOND, frames: pictures(item, draws) },
      audio: { sampleRate: SAMPLE_RATE, samples: sound(item, draws) },
      signal: options.signal,
    });
    return path;
  });
  return concurrently(tasks, 2);
}

/**
 * Stripes lit with the scene's brightness: a balance of horizontal and vertical ones, which cancel
 * in the mean.
 */
function* pictures(item: PlantedItem, draws: PlantedDraws): Generator<Uint8Array> {
  for (let frame = 0; frame < SCENES * FRAMES_PER_SECOND; frame++) {
    const step = item.brightness[Math.floor(frame / FRAMES_PER_SECOND)] as number;
    const light = 0.2 + (0.6 * step) / (SCENES - 1);
    const phase = item.phase + 0.4 * frame;
    const stripe = (place: number) => Math.sin(2 * Math.PI * item.stripes * place + phase);
    const pixels = new Uint8Array(WIDTH * HEIGHT * 3);
    for (let row = 0, at = 0; row < HEIGHT; row++) {
      const horizontal = 0.08 * (1 - item.texture) * stripe(row / HEIGHT);
      for (let column = 0; column < WIDTH; column++) {
        const vertical = 0.08 * (1 + item.texture) * stripe(column / WIDTH);
        const value = light + horizontal + vertical + draws.uniform(-0.03, 0.03);
        for (const part of item.tint) pixels[at++] = 255 * Math.min(1, Math.max(0, value)) * part;
      }
    }
    yield pixels;
  }
}

/** One tone per scene, from pulsed to steady, over a little noise. */
function sound(item: PlantedItem, draws: PlantedDraws): Float32Array {
  const depth = (1 - item.texture) / 2;
  let phase = 0;
  return Float32Array.from({ length: (SCENES + TAIL) * SAMPLE_RATE }, (_, index) => {
    const time = index / SAMPLE_RATE;
    const step = item.pitch[Math.min(SCENES - 1, Math.floor(time))] as number;
    phase += (2 * Math.PI * (toneFrequencies[step] as number)) / SAMPLE_RATE;
    const pulse = (time * PULSES) % 1 < 0.5 ? 1 : 1 - depth;
    return 0.3 * pulse * Math.sin(phase) + draws.uniform(-0.005, 0.005);
  });
}
