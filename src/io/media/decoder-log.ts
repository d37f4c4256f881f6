/** What one line of the decoder's standard error says about the file. */
export type LineKind =
  /** The media are damaged, according to a demuxer, parser or decoder. */
  | 'damage'
  /** The file ends before its index or header says. */
  | 'cut'
  /** No decoder for this codec, or frames larger than allowed. */
  | 'unsupported'
  /**
   * Not about the file: scaler, filter graph or writer; a summary or continuation line; another
   * stream.
   */
  | 'beside';

const KEPT_LINES = 20;
const KEPT_LINE_LENGTH = 300;

/** Parts of ffmpeg that work on already decoded data: their errors are not faults of the file. */
const OWN_PARTS =
  /^(swscaler|swresampler|SWR|graph|Parsed_|auto_|format|out#|fc#|[va]ost#|rawvideo|s16le|null|AVFilterGraph|IMGUTILS|AVIOContext|pipe)/;
const OWN_MESSAGES =
  /Broken pipe|Immediate exit requested|Conversion failed|monotonically increasing dts|^Error (writing|muxing|closing)|received signal|error writing trailer/i;

/**
 * What ffmpeg says about titles, cover art, chapters and user data between frames: no video or
 * audio is lost. From ID3 (`BOM`, `frame TIT2`), APE tags, FLV metadata, H.264 and HEVC SEI, Vorbis
 * comments, MP4 chapters.
 */
const METADATA =
  /incorrect BOM|error reading (comment )?frame \w+, skipped|\bID3|\bAPE ?tag|APIC|attached picture|invalid mimetype|AMF|metadata|\bSEI\b|vorbis ?comment|chapter|Failed to parse.*(tag|date)/i;

/**
 * What the Ogg demuxer says where recordings are chained, however it continues: the length shows
 * whether anything is lost. When it appears among the frames' own lines is a matter of chance,
 * because the demuxer runs ahead in its own thread.
 */
const CHAINED = /failed to create or replace stream/i;

/** Demuxers that report that a file ends before its index does. */
const CUT = /partial file|ended prematurely/i;
const INDEXED_DEMUXER = /^(mov|matroska)/;

/** What a decoder or demuxer says if it cannot handle a file at all. */
const UNSUPPORTED =
  /^Decoder .* not found|no decoder found|Unknown decoder|max pixel count|experimental (feature|codecs?|decoder)/i;

/**
 * Classifies one line of ffmpeg or ffprobe printed with `-v level+error`.
 *
 * Measured over the clips and damaged copies of this project's tests, with ffmpeg 5.1 and 7.0:
 * every line with level `error` or above that a demuxer (`[mov,... @]`, `[matroska,webm @]`),
 * parser (`[NULL @]`), decoder (`[h264 @]`) or ffmpeg's own decoding loop prints is caused by
 * damaged input. Lines of the scaler, the filters and the writer are not, above all
 * `non monotonically increasing dts to muxer`, nor are lines that another stream's decoder prints
 * while ffmpeg examines the first packets of all streams.
 */
export function classifyLine(line: string, otherCodecs: readonly string[] = []): LineKind {
  const parsed = /^((?:\[[^\]]*\]\s*)*)(.*)$/s.exec(line);
  const contexts = [...(parsed?.[1] ?? '').matchAll(/\[([^\]]*)\]/g)].map((match) => match[1] ?? '');
  const message = parsed?.[2] ?? '';
  const others = contexts.some((context) => otherCodecs.some((codec) => context.startsWith(codec)));
  if (CUT.test(message) && contexts.some((context) => INDEXED_DEMUXER.test(context))) return 'cut';
  if (UNSUPPORTED.test(message) && !others) return 'unsupported';
  if (!contexts.some((context) => /^(error|fatal|panic)$/.test(context))) return 'beside';
  if (contexts.some((context) => OWN_PARTS.test(context)) || OWN_MESSAGES.test(message)) return 'beside';
  return others || METADATA.test(message) || CHAINED.test(message) ? 'beside' : 'damage';
}

/** Memory addresses differ from run to run and help nobody. */
export function withoutAddresses(line: string): string {
  return line.replace(/ ?@ 0x[0-9a-f]+/g, '').slice(0, KEPT_LINE_LENGTH);
}

/**
 * Reads a decoder's standard error in pieces: counts each kind of line and keeps the last 20 that
 * matter.
 */
export class DecoderLog {
  readonly counts: Record<LineKind, number> = { damage: 0, cut: 0, unsupported: 0, beside: 0 };
  readonly #otherCodecs: readonly string[];
  readonly #kept: string[] = [];
  #open = '';

  /** @param otherCodecs codec names of the file's other streams, whose lines count as `beside`. */
  constructor(otherCodecs: readonly string[] = []) {
    this.#otherCodecs = otherCodecs;
  }

  /** Adds a piece of text, which may end inside a line. */
  write(text: string): void {
    const lines = (this.#open + text).split(/[\r\n]+/);
    this.#open = (lines.pop() ?? '').slice(-4096);
    for (const line of lines) this.#take(line);
  }

  /** Adds the last line, which has no line break. */
  end(): void {
    this.#take(this.#open);
    this.#open = '';
  }

  /** The last lines, addresses removed. */
  get lines(): readonly string[] {
    return this.#kept;
  }

  #take(line: string): void {
    if (line.trim() === '') return;
    this.counts[classifyLine(line, this.#otherCodecs)] += 1;
    this.#kept.push(withoutAddresses(line.trim()));
    if (this.#kept.length > KEPT_LINES) this.#kept.shift();
  }
}
