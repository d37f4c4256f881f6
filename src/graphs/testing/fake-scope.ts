import { type Observable, share } from 'rxjs';
import { centreOfPatch } from '../../io/media/audio.ts';
import type { MediaInfo } from '../../io/media/media-info.ts';
import { Video } from '../../io/media/video.ts';
import type { Embedder } from '../../operators/embed.ts';
import { Frame } from '../../operators/frame.ts';
import { Patch } from '../../operators/patch.ts';
import type { Scope } from '../../operators/scope.ts';
import { framesPerSecond } from '../dataflow/bounds.ts';
import { type NetworkServices, RunningScope } from '../dataflow/running-scope.ts';
import { type AudioSource, type FrameSource, type Source, Sources } from '../dataflow/sources.ts';
import type { TracedNetwork } from '../dataflow/trace.ts';
import type { ScopeAudioOptions, ScopeFramesOptions } from '../dataflow/video-scope.ts';
import { FAKE_RATE, fillPicture, fillSound, type Picture } from './fake-elements.ts';

/** What a fake video shows and sounds like. */
export interface FakeMedia {
  readonly duration: number;
  readonly picture: ((at: { readonly index: number; readonly time: number }) => Picture) | undefined;
  readonly sound: ((time: number) => number) | undefined;
}

/** A video without a file. */
export class FakeVideo extends Video {
  readonly #info: MediaInfo;

  constructor(id: string, duration: number) {
    super(`${id}.fake`, { id });
    const stream = { index: 0, codec: 'fake', start: 0, duration, durationSource: 'stream' } as const;
    const shape = { width: 1920, height: 1080, displayWidth: 1920, displayHeight: 1080 };
    this.#info = {
      ...{ container: 'fake', bytes: 0, start: 0, duration, measured: true, codecs: new Map(), leftOut: [] },
      video: {
        ...{ ...stream, ...shape, pixelFormat: 'rgb24', rotation: 0, pixelAspect: 1, frameCount: undefined },
        ...{ averageRate: FAKE_RATE, peakRate: FAKE_RATE, timeBase: { numerator: 1, denominator: FAKE_RATE } },
      },
      audio: { ...stream, index: 1, sampleRate: 48_000, channels: 2 },
    };
  }

  override get info(): MediaInfo {
    return this.#info;
  }

  override async probe(): Promise<MediaInfo> {
    return this.#info;
  }
}

/**
 * The scope of a fake video: its elements come from the flow's own pool, and are returned to it.
 */
export class FakeScope extends RunningScope {
  readonly #sources = new Sources();
  readonly #streams = new Map<Source, Observable<Frame> | Observable<Patch>>();
  readonly #scope: Scope;
  readonly #media: FakeMedia;

  constructor(
    video: FakeVideo,
    signal: AbortSignal,
    setting: { readonly scope: Scope; readonly services: NetworkServices; readonly media: FakeMedia },
  ) {
    super(video, signal, { ...setting, decoding: {}, reached: () => {} });
    this.#scope = setting.scope;
    this.#media = setting.media;
  }

  override frames(options?: ScopeFramesOptions): Observable<Frame> {
    const source = this.#sources.frames(options);
    return this.#once(source, () => this.#pictures(source)) as Observable<Frame>;
  }

  override audio(options?: ScopeAudioOptions): Observable<Patch> {
    const source = this.#sources.audio(options);
    return this.#once(source, () => this.#audioOf(source)) as Observable<Patch>;
  }

  #pictures({ name, width, height, fps }: FrameSource): Observable<Frame> {
    const { duration, picture } = this.#media;
    const rate = framesPerSecond(fps, { averageRate: FAKE_RATE, codec: 'fake' });
    const count = Math.max(1, Math.round(duration * rate));
    return this.#read(name, width * height * 3, count, (memory, index) => {
      const time = index / rate;
      fillPicture(memory, index, picture?.({ index, time }));
      return new Frame(memory, width, height, index, time, (data) => this.#scope.flow.pool.give(data));
    });
  }

  #audioOf({ name, sampleRate, patchSamples, hopSamples }: AudioSource): Observable<Patch> {
    const { duration, sound } = this.#media;
    const count = Math.max(1, Math.floor((duration * sampleRate - patchSamples) / hopSamples) + 1);
    const centre = centreOfPatch(patchSamples / sampleRate);
    return this.#read(name, 4 * patchSamples, count, (memory, index) => {
      const time = (index * hopSamples) / sampleRate;
      const samples = new Float32Array(memory.buffer);
      fillSound(samples, { time, sampleRate, sound });
      return new Patch(samples, index, time, time + centre, (data) => this.#scope.flow.pool.give(data));
    });
  }

  #read<T>(name: string, bytes: number, count: number, make: (memory: Uint8Array, index: number) => T): Observable<T> {
    const open = () => {
      let index = 0;
      const next = () => {
        if (index === count) return undefined;
        index += 1;
        return make(this.#scope.flow.pool.take(bytes), index - 1);
      };
      return { next, close: () => {} };
    };
    return this.#scope.source(open, { name, cost: () => bytes, estimate: bytes });
  }

  #once(source: Source, make: () => Observable<Frame> | Observable<Patch>): Observable<Frame> | Observable<Patch> {
    const known = this.#streams.get(source);
    if (known !== undefined) return known;
    const stream = (make() as Observable<Frame>).pipe(share());
    this.#streams.set(source, stream);
    return stream;
  }
}

/** A substitute for a network: vectors of its length that depend only on the input. */
export function fakeEmbedder<T extends Uint8Array | Float32Array>({ network }: TracedNetwork): Embedder<T> {
  const { name, dimension } = network;
  const vectorOf = (input: T) => {
    const mean = (input as Float32Array).reduce((sum, value) => sum + value, 0) / input.length;
    return Float32Array.from({ length: dimension }, (_, at) => Math.sin(mean * (at + 1)));
  };
  return { name, dimension, maxBatch: 8, concurrency: 1, embed: async (inputs) => inputs.map(vectorOf) };
}
