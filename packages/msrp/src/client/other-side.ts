/** What a session knows of its other side: the way there, and what it takes (RFC 4975 §8.6, RFC 4976 §5.1). */
import { MsrpError } from '../base/errors.ts';
import { acceptsType, mediaTypeOf } from '../sdp/media-types.ts';
import { splitPath } from '../wire/path.ts';
import { parseUri } from '../wire/uri.ts';
import type { Peer } from './session-options.ts';

/** The peer of one session: named by the application, or whoever writes. */
export class OtherSide {
  #peer: Peer | undefined;
  #isGiven = false;
  readonly #refusedTypes = new Set<string>();

  /** The path of the peer as it was given, else the whole way back that the last request has shown. */
  get path(): string | undefined {
    return this.#peer?.path;
  }

  /** The longest message that it takes. */
  get maxSize(): number | undefined {
    return this.#peer?.maxSize;
  }

  get fingerprint(): string | undefined {
    return this.#peer?.fingerprint;
  }

  /**
   * The application names the peer.
   *
   * @returns the first URI of its path.
   * @throws MsrpError `MSRP_BAD_PATH`, or `MSRP_INSECURE` when every hop has to be secure and one is not.
   */
  name(peer: Peer): string {
    const uris = splitPath(peer.path);
    const [first] = uris;
    const parsed = uris.map(parseUri);
    if (first === undefined || parsed.some((uri) => uri?.sessionId === undefined)) {
      throw new MsrpError('MSRP_BAD_PATH', 'a path is one or more MSRP URIs, each with a session-id');
    }
    if (peer.requireSecurePath === true && parsed.some((uri) => uri?.scheme !== 'msrps')) {
      throw new MsrpError('MSRP_INSECURE', 'a hop of the path is not protected by TLS');
    }
    this.#peer = peer;
    this.#isGiven = true;
    return first;
  }

  /** A request came by this From-Path. */
  wroteFrom(fromPath: string): void {
    if (!this.#isGiven) this.#peer = { path: fromPath };
  }

  /** To-Path of requests to the peer: our relays first. @throws MsrpError `MSRP_BAD_PATH` when nobody knows it yet. */
  toPath(usePath: string): string {
    if (this.#peer === undefined) throw new MsrpError('MSRP_BAD_PATH', 'nobody knows the peer of the session yet');
    // What a request came by leads through our relays already.
    return usePath === '' || !this.#isGiven ? this.#peer.path : `${usePath} ${this.#peer.path}`;
  }

  /** A 415 holds for the rest of the session (RFC 4975 §10.6). */
  refuses(contentType: string): void {
    this.#refusedTypes.add(mediaTypeOf(contentType));
  }

  /** @throws MsrpError `MSRP_NOT_ACCEPTED` or `MSRP_TOO_LARGE` for what must not be sent to this peer. */
  assertTakes(contentType: string, octets: number | undefined): void {
    const direction = this.#peer?.direction;
    if (direction === 'sendonly' || direction === 'inactive') {
      throw new MsrpError('MSRP_NOT_ACCEPTED', `the peer takes nothing: it is ${direction}`);
    }
    const { acceptTypes = ['*'], maxSize = Number.POSITIVE_INFINITY } = this.#peer ?? {};
    const isRefused = this.#refusedTypes.has(mediaTypeOf(contentType));
    if (isRefused || !acceptsType({ acceptTypes }, contentType)) {
      throw new MsrpError('MSRP_NOT_ACCEPTED', `the peer does not take ${mediaTypeOf(contentType)}`);
    }
    if ((octets ?? 0) > maxSize) {
      throw new MsrpError('MSRP_TOO_LARGE', `the peer takes messages of ${maxSize} octets at most`);
    }
  }
}
