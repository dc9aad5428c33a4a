/** The endpoint library: connect to relays or to a peer, send and receive messages of any size. No I/O of its own, runs in a browser. */
export { MsrpError, type MsrpErrorCode } from '../base/errors.ts';
export type { FailureReport } from '../wire/head.ts';
export type { Channel, ChannelEvents, DialWish, Network } from './channel.ts';
export type { Content, ContentSource } from './content.ts';
export { type DirectSessionOptions, Endpoint, type EndpointOptions, type OwnAddress } from './endpoint.ts';
export type { IncomingMessage } from './incoming-message.ts';
export type { OutgoingMessage, SendProgress } from './outgoing-message.ts';
export type { RelayConnection, RelayedSessionOptions, RelayTarget } from './relay-connection.ts';
export type { Session } from './session.ts';
export type { Peer, SendOptions, SessionEvents, SessionOptions } from './session-options.ts';
