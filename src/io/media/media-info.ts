/** A fraction, exact: seconds per tick, or pixel width over height. */
export interface Ratio {
  readonly numerator: number;
  readonly denominator: number;
}

/**
 * Where a stream's duration comes from: its own header, the container's, or the packets that were
 * read.
 */
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
  /**
   * Pictures that its decoder keeps at most: those that others refer to, and those that wait for
   * their turn.
   */
  readonly keptPictures?: number | undefined;
  /**
   * Degrees, clockwise, by which a player turns the stored picture: 0, 90, 180 or 270. The decoder
   * turns it too.
   */
  readonly rotation: number;
  /**
   * Shape of a stored pixel, width over height: 1 for square pixels, 2 when shown twice as wide as
   * stored.
   */
  readonly pixelAspect: number;
  /** Width as shown, after pixel shape and rotation. */
  readonly displayWidth: number;
  /** Height as shown, after pixel shape and rotation. */
  readonly displayHeight: number;
  /**
   * Frames per second on average as the container states it, else its nominal rate, else 25.
   * Never 0.
   */
  readonly averageRate: number;
  /**
   * Frames per second where they lie closest, as far as the headers tell: at least `averageRate`.
   */
  readonly peakRate: number;
  /** Frames, where the container states it. */
  readonly frameCount: number | undefined;
  /** Seconds per tick of its timestamps. */
  readonly timeBase: Ratio;
  /** First presentation time, seconds from the container's start. */
  readonly start: number;
  /** Seconds. Never 0. */
  readonly duration: number;
  readonly durationSource: DurationSource;
  /** Seconds that the file states where another length was measured. */
  readonly statedDuration?: number | undefined;
  /** Measured: seconds of the longest time in which nothing comes, and rightly. */
  readonly longestGap?: number | undefined;
  /** Measured: times that go back or jump ahead, as where recordings were joined. */
  readonly breaks?: number | undefined;
  /** Measured: it has no times, or times that crawl behind a wild one; they are counted instead. */
  readonly crawls?: boolean | undefined;
  /** It begins so late that its parameters are found only by looking further than usual. */
  readonly late?: boolean | undefined;
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
  /**
   * ffmpeg's name of their layout, `stereo`, `5.1(side)`; undefined where the file states none that
   * ffmpeg can name.
   */
  readonly channelLayout?: string | undefined;
  /** First presentation time, seconds from the container's start. */
  readonly start: number;
  /** Seconds. Never 0. */
  readonly duration: number;
  readonly durationSource: DurationSource;
  /** Seconds that the file states where another length was measured. */
  readonly statedDuration?: number | undefined;
  /** Measured: seconds of the longest time in which nothing comes, and rightly. */
  readonly longestGap?: number | undefined;
  /** Measured: times that go back or jump ahead, as where recordings were joined. */
  readonly breaks?: number | undefined;
  /** Measured: it has no times, or times that crawl behind a wild one; they are counted instead. */
  readonly crawls?: boolean | undefined;
  /** It begins so late that its parameters are found only by looking further than usual. */
  readonly late?: boolean | undefined;
}

/** What a look at a file's headers shows. */
export interface MediaInfo {
  /** ffmpeg's name: `mov,mp4,m4a,3gp,3g2,mj2`, `matroska,webm`, `mpegts`. */
  readonly container: string;
  /** Size of the file. */
  readonly bytes: number;
  /**
   * The container's start in seconds of the file's own clock: the earlier first time of the chosen
   * streams. Every time elsewhere counts from here.
   */
  readonly start: number;
  /**
   * Seconds from the container's start to the end of the pictures; to the later end, where pictures
   * and sound end more than max(0.5 s, 2 %) apart (a still picture with music lasts as long as the
   * music); of the sound when there are no pictures. Never 0.
   */
  readonly duration: number;
  /**
   * Seconds that the container states for the whole file, where its streams state none and the
   * lengths were measured.
   */
  readonly statedDuration?: number | undefined;
  /** Whether the lengths were measured by reading every packet, not taken from the headers. */
  readonly measured: boolean;
  readonly video?: VideoStreamInfo | undefined;
  readonly audio?: AudioStreamInfo | undefined;
  /** ffmpeg's codec names of all audio and video streams, chosen or not, by stream index. */
  readonly codecs: ReadonlyMap<number, string>;
  /**
   * Audio and video streams that cannot be used, with why: no parameters found, no packets, cover
   * art.
   */
  readonly leftOut: readonly string[];
  /**
   * The file ends before its own structure does: how, in words. What is there can still be decoded.
   */
  readonly cut?: string | undefined;
  /** Bytes from its start that can be read, where that is not the whole file. */
  readonly readableBytes?: number | undefined;
}
