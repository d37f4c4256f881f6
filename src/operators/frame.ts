import { type Bytes, Payload } from './payload.ts';

/**
 * A decoded video frame: RGB, 8 bits a channel, row-major, `height * width * 3` bytes.
 *
 * @example
 * frames(video('heat.mp4'), { scope, width: 224, height: 224 }).pipe(map((frame) => frame.data[0]));
 */
export class Frame extends Payload {
  readonly byteLength: Bytes;
  readonly #data: Uint8Array;
  readonly #recycle: ((data: Uint8Array) => void) | undefined;

  constructor(
    data: Uint8Array,
    /** Pixels per row. */
    readonly width: number,
    /** Rows. */
    readonly height: number,
    /** Position among the frames that its source emits, from 0. */
    readonly index: number,
    /** Presentation time in seconds from the container's start. */
    readonly time: number,
    recycle?: (data: Uint8Array) => void,
  ) {
    super();
    this.#data = data;
    this.byteLength = data.byteLength;
    this.#recycle = recycle;
    this.owns(data);
  }

  /** The pixels. @throws FlowError `recycled` if nothing holds the frame any more. */
  get data(): Uint8Array {
    this.assertLive(`frame ${this.index}`);
    return this.#data;
  }

  override onIdle(): void {
    this.#recycle?.(this.#data);
  }
}
