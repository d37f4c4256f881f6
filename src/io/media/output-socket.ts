import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Bytes that one read takes at most: a picture of the usual size in one. */
const BUFFER_BYTES = 256 * 1024;

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
  const directory = await mkdtemp(join(tmpdir(), 'reelflow-'));
  const server = createServer({ pauseOnConnect: true });
  try {
    const path =
      process.platform === 'win32' ? `\\\\.\\pipe\\${directory.replaceAll(/[\\/:]/g, '-')}` : join(directory, 's');
    server.listen(path);
    await once(server, 'listening');
    const buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
    const near = connect({
      path,
      onread: { buffer, callback: (count, bytes) => arrived(bytes.subarray(0, count)) },
    });
    near.pause();
    const [[far]] = await Promise.all([once(server, 'connection') as Promise<[Socket]>, once(near, 'connect')]);
    return { near, far };
  } finally {
    // Its 'close' event would wait for the connection, which is to outlive it.
    server.close();
    await rm(directory, { recursive: true, force: true });
  }
}
