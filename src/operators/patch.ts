import { type Bytes, Payload } from './payload.ts';

/**
 * One window of audio: mono float32 samples in [-1, 1].
 *
 * @example
 * audio(video('heat.mp4'), { scope }).pipe(map((patch) => patch.data.length)); // 15,600 samples at 16 kHz for VGGish
 */
export class Patch extends Payload {
  readonly byteLength: Bytes;
  readonly #data: Float32Array;
  readonly #recycle: ((data: Float32Array) => void) | undefined;

  constructor(
    data: Float32Array,
    /** Position among the patches that its source emits, from 0. */
    readonly index: number,
    /** Time of its first sample in seconds from the container's start. */
    readonly time: number,
    /** Time of its middle in seconds from the container's start. */
    readonly centre: number,
    recycle?: (data: Float32Array) => void,
  ) {
    super();
    this.#data = data;
    this.byteLength = data.byteLength;
    this.#recycle = recycle;
    this.owns(data);
  }

  /** The samples. @throws FlowError `recycled` if nothing holds the patch any more. */
  get data(): Float32Array {
    this.assertLive(`audio patch ${this.index}`);
    return this.#data;
  }

  override onIdle(): void {
    this.#recycle?.(this.#data);
  }
}
