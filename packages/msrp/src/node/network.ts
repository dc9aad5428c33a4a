/** How an endpoint on Node reaches others: TCP and TLS, names by DNS. */
import type { Channel, DialWish, Network } from '../client/channel.ts';
import type { MsrpUri } from '../wire/uri.ts';
import { type DialTls, dial } from './dial.ts';
import { failed } from './dial-errors.ts';
import { dialService } from './dial-service.ts';
import { Resolver } from './resolver.ts';
import { SocketChannel } from './socket-channel.ts';

/** What may be chosen about it. */
export interface NetworkOptions {
  /** Authorities to trust, and what to show who asks: nothing by default (RFC 4976 §9.2). `verify: false` trusts anybody: for tests only. */
  readonly tls?: Partial<DialTls> | undefined;
  readonly resolver?: Resolver | undefined;
  /** Most time for one connection: 15 s when absent. */
  readonly timeoutMs?: number | undefined;
}

/** The network of Node. */
export function nodeNetwork(options: NetworkOptions = {}): Network {
  const { resolver = new Resolver(), timeoutMs = 15_000 } = options;
  return {
    async dial(uri: MsrpUri, { checksName, signal }: DialWish): Promise<Channel> {
      const tls = { verify: true, ...options.tls, ...(checksName ? {} : { verify: false }) };
      const { host, port, transport } = uri;
      if (transport !== 'tcp') throw failed(host, `its transport is ${transport}, not tcp`);
      const socket = await (port === undefined
        ? dialService(host, { timeoutMs, tls, signal, resolver })
        : dial({ host, port, secure: uri.scheme === 'msrps' }, { timeoutMs, tls, signal, lookup: resolver.addresses }));
      return new SocketChannel(socket);
    },
  };
}
