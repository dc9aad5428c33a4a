/**
 * Lets go of the buffers that files were read into where reads do not share one: each read of a WebSocket brings a new one, which V8
 * counts, but not against the space for new objects. The few small objects of a file hardly fill that, and nothing frees the
 * buffers until there are so many that V8 collects the whole heap, again and again.
 */

/** A collection of new objects for so many octets: about as much as fits into the caches of a CPU. */
const COLLECT_OCTETS = 4_194_304;

/** Where there is a message for fewer octets than this, so many small objects come along that V8 collects by itself, and soon enough. */
const OCTETS_A_MESSAGE = 8192;

/** Counts what is read of large chunks. */
export class ReadBuffers {
  readonly #collectNew: () => void;
  #octets = 0;

  /** @param collectNew - collects new objects alone: well under a millisecond. */
  constructor(collectNew: () => void) {
    this.#collectNew = collectNew;
  }

  /** So many octets came in one read, and with them the beginnings of so many messages. */
  read(octets: number, messages: number): void {
    if (octets < OCTETS_A_MESSAGE * (messages + 1)) return;
    this.#octets += octets;
    if (this.#octets < COLLECT_OCTETS) return;
    this.#octets = 0;
    this.#collectNew();
  }
}
