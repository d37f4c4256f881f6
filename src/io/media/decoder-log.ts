/** What one line of the decoder's standard error says about the file. */
export type LineKind =
  /** The media are damaged: a demuxer, parser or decoder says so. */
  | 'damage'
  /** The file ends before its index or header says. */
  | 'cut'
  /** No decoder for this codec, or pictures larger than allowed. */
  | 'unsupported'
  /**
   * Says nothing about the file: scaler, filter graph or writer; a summary or continuation line;
   * another stream.
   */
  | 'beside';

const KEPT_LINES = 20;
const KEPT_LINE_LENGTH = 300;

/**
 * Parts of ffmpeg that work on what is already decoded: what they print at error level is not a
 * fault of the file.
 */
const OWN_PARTS =
  /^(swscaler|swresampler|SWR|graph|Parsed_|auto_|format|out#|fc#|[va]ost#|rawvideo|s16le|null|AVFilterGraph|IMGUTILS|AVIOContext|pipe)/;
const OWN_MESSAGES =
  /Broken pipe|Immediate exit requested|Conversion failed|monotonically increasing dts|^Error (writing|muxing|closing)|received signal|error writing trailer/i;

/**
 * What ffmpeg says of titles, pictures of the cover, chapters, user data between pictures: nothing
 * of pictures or sound is lost. Of ID3 (`BOM`, `frame TIT2`), APE tags, FLV's metadata, H.264's and
 * HEVC's SEI, Vorbis comments, MP4 chapters.
 */
const METADATA =
  /incorrect BOM|error reading (comment )?frame \w+, skipped|\bID3|\bAPE ?tag|APIC|attached picture|invalid mimetype|AMF|metadata|\bSEI\b|vorbis ?comment|chapter|Failed to parse.*(tag|date)/i;

/**
 * What the Ogg demuxer says where recordings are chained, whatever it then continues with: whether
 * anything is lost shows by the length. When it says so beside the frames' own lines is chance: the
 * demuxer runs ahead in a thread of its own.
 */
const CHAINED = /failed to create or replace stream/i;

/** Demuxers that say that a file ends before its index does. */
const CUT = /partial file|ended prematurely/i;
const INDEXED_DEMUXER = /^(mov|matroska)/;

/** What a decoder or demuxer says that can do nothing with a whole file. */
const UNSUPPORTED =
  /^Decoder .* not found|no decoder found|Unknown decoder|max pixel count|experimental (feature|codecs?|decoder)/i;

/**
 * Classifies one line of ffmpeg or ffprobe printed with `-v level+error`.
 *
 * Measured over the clips and damaged copies of this project's tests, with ffmpeg 5.1 and 7.0:
 * every line with level `error` or above that a demuxer (`[mov,... @]`, `[matroska,webm @]`),
 * parser (`[NULL @]`), decoder (`[h264 @]`) or ffmpeg's own decoding loop prints comes of damaged
 * input. Not so are lines of the scaler, the filters and the writer, above all
 * `non monotonically increasing dts to muxer`, and lines that another stream's decoder prints while
 * ffmpeg looks at the first packets of all streams.
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
 * Takes in a decoder's standard error in pieces: counts each kind of line, keeps the last 20 that
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

  /** Takes in a piece of text, which may end inside a line. */
  write(text: string): void {
    const lines = (this.#open + text).split(/[\r\n]+/);
    this.#open = (lines.pop() ?? '').slice(-4096);
    for (const line of lines) this.#take(line);
  }

  /** Takes in the last line, which no line break ended. */
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
