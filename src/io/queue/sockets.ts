import type { Socket } from 'node:net';

/**
 * The sockets of clients that end together: all are cut at once, and later ones as soon as they are
 * added.
 */
export class Sockets {
  readonly #open = new Set<Socket>();
  #isCut = false;

  /** Whether they have been cut. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** Adds a socket. @returns the same. */
  add<Kind extends Socket>(socket: Kind): Kind {
    this.#open.add(socket);
    socket.once('close', () => this.#open.delete(socket));
    // Its creator learns of its end once it listens.
    if (this.#isCut) setImmediate(() => socket.destroy());
    return socket;
  }

  /** Destroys every socket without a goodbye. */
  cut(): void {
    this.#isCut = true;
    for (const socket of this.#open) socket.destroy();
  }
}
