/** MSRP's connections on Node: dialling over TCP and TLS, and whom a certificate speaks for. */
export type { Lookup } from './addresses.ts';
export { type DialOptions, type DialTarget, type DialTls, dial } from './dial.ts';
export { checkPeerName, dnsNamesOf, namesCover } from './peer-name.ts';
export { provenNames } from './proven-names.ts';
export { tlsDefaults } from './tls-defaults.ts';
