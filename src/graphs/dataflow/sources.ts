import { checkInteger, checkOneOf } from '../../core/check.ts';
import { checkKnownOptions, type KnownOptions } from '../../core/known-options.ts';
import { checkSampling, type FrameSampling } from '../../io/media/frames.ts';
import type { Bytes } from '../../operators/payload.ts';
import type { ScopeAudioOptions, ScopeFramesOptions } from './video-scope.ts';

/** Pictures that a dataflow decodes. */
export interface FrameSource {
  readonly kind: 'pictures';
  /** Name of the operator. */
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly resize: 'crop' | 'stretch';
  readonly fps: FrameSampling;
}

/** Sound that a dataflow decodes. */
export interface AudioSource {
  readonly kind: 'sound';
  /** Name of the operator. */
  readonly name: string;
  readonly sampleRate: number;
  readonly patchSamples: number;
  readonly hopSamples: number;
}

/** What a dataflow decodes: one decoder for each. */
export type Source = FrameSource | AudioSource;

/** Bytes of one element. */
export function elementBytes(source: Source): Bytes {
  return source.kind === 'pictures' ? source.width * source.height * 3 : 4 * source.patchSamples;
}

const knownOfFrames: KnownOptions<ScopeFramesOptions> = {
  width: true,
  height: true,
  resize: true,
  fps: true,
  name: true,
};
const knownOfAudio: KnownOptions<ScopeAudioOptions> = {
  sampleRate: true,
  patchSamples: true,
  hopSamples: true,
  name: true,
};

/** The sources of one composition, each once: equal options mean the same source. */
export class Sources {
  readonly #known = new Map<string, Source>();

  /** @throws UsageError for an invalid option. */
  frames(options: ScopeFramesOptions = {}): FrameSource {
    checkKnownOptions('scope.frames', options, knownOfFrames);
    const { width = 224, height = 224, resize = 'crop', fps = 'native', name } = options;
    checkInteger('width', width, 1, 8192);
    checkInteger('height', height, 1, 8192);
    checkOneOf('resize', resize, ['crop', 'stretch']);
    checkSampling(fps);
    return this.#once({ kind: 'pictures', name: name ?? 'decode-video', width, height, resize, fps }, name);
  }

  /** @throws UsageError for an invalid option. */
  audio(options: ScopeAudioOptions = {}): AudioSource {
    checkKnownOptions('scope.audio', options, knownOfAudio);
    const { sampleRate = 16_000, patchSamples = 15_600, hopSamples = 15_360, name } = options;
    checkInteger('sampleRate', sampleRate, 1000, 384_000);
    checkInteger('patchSamples', patchSamples, 1, 1 << 24);
    checkInteger('hopSamples', hopSamples, 1, patchSamples);
    return this.#once({ kind: 'sound', name: name ?? 'decode-audio', sampleRate, patchSamples, hopSamples }, name);
  }

  /** A second source of a kind gets a number appended to its name, unless a name was given. */
  #once<S extends Source>(source: S, given: string | undefined): S {
    const key = JSON.stringify(source);
    const known = this.#known.get(key);
    if (known !== undefined) return known as S;
    const before = [...this.#known.values()].filter(({ kind }) => kind === source.kind).length;
    const named = given !== undefined || before === 0 ? source : { ...source, name: `${source.name}-${before + 1}` };
    this.#known.set(key, named);
    return named;
  }
}
