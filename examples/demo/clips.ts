import { join } from 'node:path';
import { makeDirectory } from '../../src/core/atomic-file.ts';
import { encodeClip } from '../../src/io/media/encode.ts';

/**
 * A synthetic scene: how a picture and a sound evolve with time. Values are in [0, 1] and [-1, 1].
 */
interface Scene {
  readonly name: string;
  /** Red, green and blue at `x`, `y` in [0, 1] and `time` in seconds. */
  colour(x: number, y: number, time: number): readonly [number, number, number];
  sound(time: number): number;
}

const WIDTH = 320;
const HEIGHT = 180;
const FRAMES_PER_SECOND = 12;
const SAMPLE_RATE = 16_000;

/** Deterministic noise in [0, 1) from whole numbers. */
function noise(a: number, b: number, c: number): number {
  let hash = Math.imul(a, 374761393) ^ Math.imul(b, 668265263) ^ Math.imul(c, 2246822519);
  hash = Math.imul(hash ^ (hash >>> 13), 1274126177);
  return ((hash ^ (hash >>> 16)) >>> 0) / 4294967296;
}

function waves(phase: number, pitch: number): Scene['colour'] {
  return (x, y, time) => {
    const swell = 0.5 + 0.5 * Math.sin(12 * y + 3 * Math.sin(4 * x + phase) + time * pitch);
    return [0.05, 0.2 + 0.4 * swell, 0.4 + 0.5 * swell];
  };
}

function blocks(phase: number): Scene['colour'] {
  return (x, y, time) => {
    const lit = noise(Math.floor(x * 16), Math.floor(y * 9), Math.floor(time * 2 + phase)) > 0.6;
    return lit ? [1, 0.8, 0.2] : [0.08, 0.08, 0.12];
  };
}

function embers(seed: number): Scene['colour'] {
  return (x, y, time) => {
    const spark = noise(Math.floor(x * 160), Math.floor(y * 90), Math.floor(time * 12) + seed);
    const glow = Math.max(0, 1 - 2 * Math.hypot(x - 0.5, y - 0.7));
    return [0.3 + 0.7 * glow * spark, 0.25 * glow * spark, 0.05];
  };
}

const hum = (frequency: number) => (time: number) =>
  0.3 * Math.sin(2 * Math.PI * frequency * time) + 0.1 * Math.sin(6 * Math.PI * frequency * time);
const beeps = (frequency: number) => (time: number) =>
  time % 0.5 < 0.12 ? 0.5 * Math.sin(2 * Math.PI * frequency * time) : 0;
const crackle = (seed: number) => (time: number) => {
  const tick = Math.floor(time * SAMPLE_RATE);
  return noise(tick >> 6, seed, 1) > 0.9 ? 0.8 * (noise(tick, seed, 2) - 0.5) : 0.02 * (noise(tick, seed, 3) - 0.5);
};

/**
 * Three looks, each with its own sound, in two variants each: features should place the variants of
 * a look close together.
 */
const scenes: readonly Scene[] = [
  { name: 'ocean-1', colour: waves(0, 1.5), sound: hum(110) },
  { name: 'ocean-2', colour: waves(2, 1.8), sound: hum(117) },
  { name: 'city-1', colour: blocks(0), sound: beeps(880) },
  { name: 'city-2', colour: blocks(37), sound: beeps(932) },
  { name: 'campfire-1', colour: embers(1), sound: crackle(1) },
  { name: 'campfire-2', colour: embers(901), sound: crackle(2) },
];

function* pictures(scene: Scene, seconds: number): Generator<Uint8Array> {
  for (let index = 0; index < seconds * FRAMES_PER_SECOND; index++) {
    const time = index / FRAMES_PER_SECOND;
    const pixels = new Uint8Array(WIDTH * HEIGHT * 3);
    for (let row = 0, at = 0; row < HEIGHT; row++) {
      for (let column = 0; column < WIDTH; column++) {
        for (const value of scene.colour(column / WIDTH, row / HEIGHT, time)) pixels[at++] = 255 * Math.min(1, value);
      }
    }
    yield pixels;
  }
}

/**
 * Writes six short synthetic clips with sound into a directory: our own pictures and samples,
 * encoded by ffmpeg.
 *
 * @returns the paths, in a fixed order.
 * @throws SystemError when ffmpeg is missing, MediaError when it cannot encode.
 *
 * @example
 * const paths = await writeDemoClips('demo/clips', { seconds: 8 });
 */
export async function writeDemoClips(directory: string, options: { readonly seconds: number }): Promise<string[]> {
  await makeDirectory(directory);
  const paths: string[] = [];
  for (const scene of scenes) {
    const path = join(directory, `${scene.name}.mp4`);
    const samples = Float32Array.from({ length: options.seconds * SAMPLE_RATE }, (_, index) =>
      scene.sound(index / SAMPLE_RATE),
    );
    await encodeClip({
      path,
      width: WIDTH,
      height: HEIGHT,
      fps: FRAMES_PER_SECOND,
      frames: pictures(scene, options.seconds),
      audio: { sampleRate: SAMPLE_RATE, samples },
    });
    paths.push(path);
  }
  return paths;
}
