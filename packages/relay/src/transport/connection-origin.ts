/** Whom a connection is with, and how chunks to it are cut. */

/** How SEND chunks are cut that go to a connection. */
export interface ChunkLimits {
  /** The longest body. While as much waits in user space for the system to take it, nothing more is fed. */
  readonly maxOctets: number;
  /** How long a piece of a chunk may wait to be complete. */
  readonly lingerMs: number;
}

/** Who the connection is with, for logs and policy; says nothing about who the peer claims to be. */
export interface ConnectionOrigin {
  /** `ws` is a WebSocket whose TLS somebody else has ended: a proxy. `worker`: a stream that this worker opened to another. */
  readonly transport: 'tcp' | 'tls' | 'ws' | 'wss' | 'worker';
  readonly direction: 'accepted' | 'dialled';
  readonly remoteAddress: string;
  /** Port of our listener; 0 for a dialled connection. */
  readonly localPort: number;
  /** Those of its listener, if it has its own. */
  readonly chunk?: ChunkLimits | undefined;
  /** The worker at the other end of a stream between two of them. One that was accepted has everything else from the connection that it stands for. */
  readonly worker?: string | undefined;
}
