import type { Part, PartFacts } from '../http/part.ts';
import { InterruptedTransfer, piecesOf } from '../http/request.ts';
import { RefusedTransfer, type Transfer, WrongSize } from '../http/transfer.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import type { FarFile, FarReading } from './far-file.ts';

/** An object of a store as an input. */
export class ObjectFile implements FarFile {
  readonly #store: ObjectStore;
  readonly #name: string;

  constructor(store: ObjectStore, name: string) {
    this.#store = store;
    this.#name = name;
  }

  async look({ patience, signal }: FarReading): Promise<Transfer & { readonly facts?: PartFacts | undefined }> {
    const found = await this.#store.head(this.#name, { signal, answer: patience.answer });
    if (found === undefined) throw this.#missing();
    return { outcome: 'whole', facts: { etag: found.etag, total: found.size } };
  }

  async transfer(part: Part, most: number, { patience, signal, onBytes }: FarReading): Promise<Transfer> {
    const facts = part.size > 0 ? await part.facts() : undefined;
    if (facts === undefined && part.size > 0) await part.restart();
    const { size: from } = part;
    const where = `${this.#store.address}/${this.#name}`;
    const opened = await this.#store.open(this.#name, {
      ...{ from, etag: facts?.etag, signal, answer: patience.answer },
    });
    if (opened === undefined) throw this.#missing();
    if (opened === 'changed') {
      await part.restart();
      return { outcome: 'again', why: `${where} was changed, starting over` };
    }
    const { total, etag } = opened;
    if (total > most) {
      opened.body.destroy();
      throw new WrongSize(`${where} has ${total} bytes, more than the ${most} that are accepted`);
    }
    if (from === 0) await part.restart({ etag, total });
    for await (const piece of piecesOf(opened.body, where, patience, signal)) {
      const size = part.size + piece.byteLength;
      if (size > total || size > most) {
        await part.restart();
        throw new WrongSize(`${where} sends more than ${size > total ? total : most} bytes`);
      }
      await part.append(piece);
      onBytes?.(part.size, total);
    }
    if (part.size < total) throw new InterruptedTransfer(`${where} ended after ${part.size} of ${total} bytes`);
    return { outcome: 'whole' };
  }

  #missing(): RefusedTransfer {
    return new RefusedTransfer(404, `there is no ${this.#store.address}/${this.#name}`);
  }
}
