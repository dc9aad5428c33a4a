/** How a database server is talked to, whichever it is. */

/** What the configuration says of it beside its address. */
export interface ServerOptions {
  readonly password: string | undefined;
  /** Undefined: in the clear. Otherwise its certificate is checked, by these authorities or those of Node. */
  readonly tls: { readonly ca: string | undefined } | undefined;
  /** How long the server may take to accept a connection, and to answer. */
  readonly timeoutMs: number;
  /** At most so many at a time. */
  readonly connections: number;
}
