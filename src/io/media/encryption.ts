import { outermostBoxes } from './boxes.ts';
import { type ReadAt, withReadAt } from './stated-size.ts';

const LARGEST_INDEX = 64 * 1024 * 1024;
const LOOKED_AT = 1024 * 1024;
const PACKET = 188;

/**
 * How a file is encrypted, in words, or undefined if it does not declare encryption: sample entries
 * of MP4 (Common Encryption, FairPlay), scrambled or SAMPLE-AES transport streams, encrypted
 * Matroska. Only used for files that do not decode.
 *
 * @throws Node's error if the file cannot be read.
 */
export async function encryptionOf(path: string, bytes: number): Promise<string | undefined> {
  return withReadAt(path, async (readAt) => {
    const head = await readAt(0, Math.min(bytes, LOOKED_AT));
    if (head[0] === 0x47 && head[PACKET] === 0x47) return ofTransportStream(head);
    if (head.length < 8) return undefined;
    if (head.readUInt32BE(0) === 0x1a45dfa3) return ofMatroska(head);
    return ofMovie(bytes, readAt);
  });
}

/**
 * Whether a track's header, all of it before the first Cluster, has the element ContentEncryption.
 */
function ofMatroska(head: Buffer): string | undefined {
  const cluster = head.indexOf(Buffer.from([0x1f, 0x43, 0xb6, 0x75]));
  const headers = cluster < 0 ? head : head.subarray(0, cluster);
  return headers.includes(Buffer.from([0x50, 0x35])) ? 'encrypted tracks' : undefined;
}

async function ofMovie(bytes: number, readAt: ReadAt): Promise<string | undefined> {
  for (const box of await outermostBoxes(bytes, readAt)) {
    if (box.type !== 'moov') continue;
    const index = await readAt(box.start, Math.min(box.end, bytes, box.start + LARGEST_INDEX) - box.start);
    // A sample entry: its type, then six bytes of zero.
    const entry = /(encv|enca|drms|drmi)\0{6}/.exec(index.toString('latin1'))?.[1];
    if (entry !== undefined) return /^enc/.test(entry) ? 'Common Encryption' : 'FairPlay';
  }
  return undefined;
}

/** Scrambled packets, or stream types of SAMPLE-AES in the program map. */
function ofTransportStream(head: Buffer): string | undefined {
  let scrambled = 0;
  let packets = 0;
  for (let start = 0; start + PACKET <= head.length; start += PACKET) {
    if (head[start] !== 0x47) continue;
    packets += 1;
    if (((head[start + 3] ?? 0) & 0xc0) !== 0) scrambled += 1;
    if (hasSampleAes(head.subarray(start, start + PACKET))) return 'SAMPLE-AES';
  }
  return scrambled > packets / 4 ? 'scrambled packets' : undefined;
}

function hasSampleAes(packet: Buffer): boolean {
  const begins = ((packet[1] ?? 0) & 0x40) !== 0;
  const adaptation = ((packet[3] ?? 0) & 0x20) !== 0 ? 1 + (packet[4] ?? 0) : 0;
  const section = 4 + adaptation + 1 + (packet[4 + adaptation] ?? 0);
  if (!begins || packet[section] !== 0x02 || section + 12 > PACKET) return false;
  const end = Math.min(PACKET, section + 3 + (packet.readUInt16BE(section + 1) & 0xfff) - 4);
  let entry = section + 12 + (packet.readUInt16BE(section + 10) & 0xfff);
  while (entry + 5 <= end) {
    if ([0xdb, 0xcf].includes(packet[entry] ?? 0)) return true;
    entry += 5 + (packet.readUInt16BE(entry + 3) & 0xfff);
  }
  return false;
}
