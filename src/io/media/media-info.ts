/** A fraction, exact: seconds per tick, or pixel width over height. */
export interface Ratio {
  readonly numerator: number;
  readonly denominator: number;
}

/** Where a stream's duration comes from: its own header, the container's, or the packets. */
export type DurationSource = 'stream' | 'container' | 'packets';

/** What video and audio streams have in common. */
export interface StreamInfo {
  /** Index in the file. */
  readonly index: number;
  /** First presentation time, seconds from the container's start. */
  readonly start: number;
  /** Seconds. Never 0. */
  readonly duration: number;
  readonly durationSource: DurationSource;
  /** Seconds that the file states, if a different length was measured. */
  readonly statedDuration?: number | undefined;
  /** Measured: length of the longest legitimate gap, s. */
  readonly longestGap?: number | undefined;
  /** Measured: number of times that go back or jump ahead, as where recordings were joined. */
  readonly breaks?: number | undefined;
  /**
   * Measured: it has no times, or times that crawl after a wild one, so they are derived by
   * counting.
   */
  readonly crawls?: boolean | undefined;
  /** It begins so late that finding its parameters takes a longer search than usual. */
  readonly late?: boolean | undefined;
}

/** The video stream that is decoded. */
export interface VideoStreamInfo extends StreamInfo {
  /** ffmpeg's name: `h264`, `hevc`, `vp9`. */
  readonly codec: string;
  /** Pixels per row as stored. */
  readonly width: number;
  /** Rows as stored. */
  readonly height: number;
  /** ffmpeg's name for the stored pixel format: `yuv420p`, `yuv420p10le`. */
  readonly pixelFormat: string;
  /**
   * Maximum number of pictures that its decoder keeps: reference pictures, and those waiting for
   * their turn.
   */
  readonly keptPictures?: number | undefined;
  /**
   * Degrees, clockwise, by which a player rotates the stored picture: 0, 90, 180 or 270. The
   * decoder rotates it too.
   */
  readonly rotation: number;
  /**
   * Shape of a stored pixel, width over height: 1 for square pixels, 2 if shown twice as wide as
   * stored.
   */
  readonly pixelAspect: number;
  /** Width as shown, after pixel shape and rotation. */
  readonly displayWidth: number;
  /** Height as shown, after pixel shape and rotation. */
  readonly displayHeight: number;
  /**
   * Average frames per second as the container states it, else its nominal rate, else 25. Never 0.
   */
  readonly averageRate: number;
  /**
   * Frames per second where they are densest, as far as the headers show: at least `averageRate`.
   */
  readonly peakRate: number;
  /** Number of frames, if the container states it. */
  readonly frameCount: number | undefined;
  /** Seconds per tick of its timestamps. */
  readonly timeBase: Ratio;
}

/** The audio stream that is decoded: the one marked as default, else the first. */
export interface AudioStreamInfo extends StreamInfo {
  /** ffmpeg's name: `aac`, `opus`. */
  readonly codec: string;
  /** Samples per second as stored. */
  readonly sampleRate: number;
  /** Channels as stored; decoding mixes them to one. */
  readonly channels: number;
  /**
   * ffmpeg's name of their layout, `stereo`, `5.1(side)`; undefined if the file states none that
   * ffmpeg can name.
   */
  readonly channelLayout?: string | undefined;
}

/** What a file's headers show. */
export interface MediaInfo {
  /** ffmpeg's name: `mov,mp4,m4a,3gp,3g2,mj2`, `matroska,webm`, `mpegts`. */
  readonly container: string;
  /** Size of the file. */
  readonly bytes: number;
  /**
   * The container's start in seconds of the file's own clock: the earliest first time of the chosen
   * streams. All other times count from here.
   */
  readonly start: number;
  /**
   * Seconds from the container's start to the end of the video; to the later end, if video and
   * audio end more than max(0.5 s, 2 %) apart (a still picture with music lasts as long as the
   * music); to the end of the audio if there is no video. Never 0.
   */
  readonly duration: number;
  /**
   * Seconds that the container states for the whole file, if its streams state none and the lengths
   * were measured.
   */
  readonly statedDuration?: number | undefined;
  /** Whether the lengths were measured by reading every packet, not taken from the headers. */
  readonly measured: boolean;
  readonly video?: VideoStreamInfo | undefined;
  readonly audio?: AudioStreamInfo | undefined;
  /** ffmpeg's codec names of all audio and video streams, chosen or not, by stream index. */
  readonly codecs: ReadonlyMap<number, string>;
  /**
   * Audio and video streams that cannot be used, with the reason: no parameters found, no packets,
   * cover art.
   */
  readonly leftOut: readonly string[];
  /**
   * Set if the file ends before its own structure does: how, in words. What is there can still be
   * decoded.
   */
  readonly cut?: string | undefined;
  /** Number of readable bytes from its start, if that is not the whole file. */
  readonly readableBytes?: number | undefined;
}
