/** MSRP's connections in a browser: a WebSocket to a relay (RFC 7977). Node has what it needs, too. */
export { type WebNetworkOptions, webNetwork } from './network.ts';
