/** A fraction, exact: seconds per tick, or pixel width over height. */
export interface Ratio {
  readonly numerator: number;
  readonly denominator: number;
}

/** Where a stream's duration comes from: its own header, the container's, or the packets that were counted. */
export type DurationSource = 'stream' | 'container' | 'packets';

/** The video stream that is decoded. */
export interface VideoStreamInfo {
  /** Index in the file. */
  readonly index: number;
  /** ffmpeg's name: `h264`, `hevc`, `vp9`. */
  readonly codec: string;
  /** Pixels per row as stored. */
  readonly width: number;
  /** Rows as stored. */
  readonly height: number;
  /** ffmpeg's name of the stored pixels: `yuv420p`, `yuv420p10le`. */
  readonly pixelFormat: string;
  /** Degrees, clockwise, by which a player turns the stored picture: 0, 90, 180 or 270. The decoder turns it too. */
  readonly rotation: number;
  /** Shape of a stored pixel, width over height: 1 for square pixels, 2 when shown twice as wide as stored. */
  readonly pixelAspect: number;
  /** Width as shown, after pixel shape and rotation. */
  readonly displayWidth: number;
  /** Height as shown, after pixel shape and rotation. */
  readonly displayHeight: number;
  /** Frames per second on average as the container states it, else its nominal rate, else 25. */
  readonly averageRate: number;
  /** Frames, where the container states it. */
  readonly frameCount: number | undefined;
  /** Seconds per tick of its timestamps. */
  readonly timeBase: Ratio;
  /** First presentation time, seconds from the container's start. */
  readonly start: number;
  /** Seconds. */
  readonly duration: number;
  readonly durationSource: DurationSource;
}

/** The audio stream that is decoded: the one marked as default, else the first. */
export interface AudioStreamInfo {
  /** Index in the file. */
  readonly index: number;
  /** ffmpeg's name: `aac`, `opus`. */
  readonly codec: string;
  /** Samples per second as stored. */
  readonly sampleRate: number;
  /** Channels as stored; decoding mixes them to one. */
  readonly channels: number;
  /** First presentation time, seconds from the container's start. */
  readonly start: number;
  /** Seconds. */
  readonly duration: number;
  readonly durationSource: DurationSource;
}

/** What a look at a file's headers shows. */
export interface MediaInfo {
  /** ffmpeg's name: `mov,mp4,m4a,3gp,3g2,mj2`, `matroska,webm`, `mpegts`. */
  readonly container: string;
  /** Size of the file. */
  readonly bytes: number;
  /** The container's start in seconds of the file's own clock: the earlier first time of the chosen streams. Every time elsewhere counts from here. */
  readonly start: number;
  /** Seconds: the video stream's, the audio stream's when there is no video. */
  readonly duration: number;
  readonly video?: VideoStreamInfo;
  readonly audio?: AudioStreamInfo;
  /** ffmpeg's codec names of all audio and video streams, chosen or not, by stream index. */
  readonly codecs: ReadonlyMap<number, string>;
  /** Audio and video streams that cannot be used, with why: no parameters found, cover art. */
  readonly leftOut: readonly string[];
}
