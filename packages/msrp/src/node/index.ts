/** MSRP's connections on Node: dialling over TCP and TLS, and whom a certificate speaks for. */
export type { Lookup } from './addresses.ts';
export { type DialOptions, type DialTarget, type DialTls, dial } from './dial.ts';
export { checkPeerName, dnsNamesOf } from './peer-name.ts';
export { tlsDefaults } from './tls-defaults.ts';
