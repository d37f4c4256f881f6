import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SystemError } from '../../errors.ts';

/** Bytes that one read takes at most: a picture of the usual size in one. */
const BUFFER_BYTES = 256 * 1024;

/** Bytes of a socket's path at most: a longer one is cut off without a word, and the socket stands elsewhere. */
const LONGEST_PATH = process.platform === 'linux' ? 107 : 103;

/** The two ends of a connection between this process and a child. */
export interface OutputSocket {
  /** Ours. Reads nothing until `resume`. */
  readonly near: Socket;
  /** The child's: its standard output. To be destroyed here once the child has it. */
  readonly far: Socket;
}

/**
 * A connection whose bytes arrive in one buffer that is used again and again. The pipe that Node.js makes for a child brings
 * them in a fresh 64 KiB buffer each: three times the reads, and garbage enough to keep the collector at work (see
 * docs/decisions.md). The socket has a name only while the two ends meet, in a directory that other users cannot enter.
 *
 * @param arrived takes what was read, before the next read writes over it, and tells whether to read on.
 */
export async function openOutputSocket(arrived: (bytes: Uint8Array) => boolean): Promise<OutputSocket> {
  const directory = await meetingPlace();
  const server = createServer({ pauseOnConnect: true });
  let near: Socket | undefined;
  try {
    const path =
      process.platform === 'win32' ? `\\\\.\\pipe\\${directory.replaceAll(/[\\/:]/g, '-')}` : join(directory, 's');
    server.listen(path);
    await once(server, 'listening');
    const buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
    near = connect({
      path,
      onread: { buffer, callback: (count, bytes) => arrived(bytes.subarray(0, count)) },
    });
    // Where no descriptor is left the system takes the connection and drops it at once: only this end hears of it.
    const dropped = once(near, 'close').then(() => {
      throw new SystemError('open-files', 'no more files can be opened: a connection to a decoder was dropped', {
        remedy:
          'Raise the limit (`ulimit -n 65536`) or lower --concurrency, and run the same command again: what is committed is kept.',
      });
    });
    const met = Promise.all([once(server, 'connection') as Promise<[Socket]>, once(near, 'connect')]);
    const [[far]] = await Promise.race([met, dropped]).finally(() => {
      // The one that lost the race.
      met.catch(() => undefined);
      dropped.catch(() => undefined);
    });
    near.pause();
    return { near, far };
  } catch (error) {
    near?.destroy();
    throw error;
  } finally {
    // Its 'close' event would wait for the connection, which is to outlive it.
    server.close();
    await rm(directory, { recursive: true, force: true });
  }
}

/**
 * A directory of our own in which a socket's path is short enough: below TMPDIR, or below /tmp where that one is of no use.
 *
 * @throws SystemError `temporary-directory` where neither can be used.
 */
async function meetingPlace(): Promise<string> {
  const places = process.platform === 'win32' ? [tmpdir()] : [...new Set([tmpdir(), '/tmp'])];
  const reasons: string[] = [];
  for (const place of places) {
    const prefix = join(place, 'reelflow-');
    // mkdtemp adds six characters, and the socket's name two.
    if (Buffer.byteLength(prefix) + 8 > LONGEST_PATH) {
      reasons.push(`${place} is too long for the path of a socket (${LONGEST_PATH} bytes)`);
      continue;
    }
    try {
      return await mkdtemp(prefix);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EMFILE' || code === 'ENFILE') throw error;
      reasons.push((error as Error).message);
    }
  }
  throw new SystemError('temporary-directory', `a decoder needs a directory for its socket: ${reasons.join('; ')}`, {
    remedy: 'Set TMPDIR to a directory that can be written, and run the same command again: what is committed is kept.',
  });
}
