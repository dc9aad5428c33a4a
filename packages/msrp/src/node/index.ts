/** MSRP's connections on Node: dialling over TCP and TLS, finding nodes by name, and whom a certificate speaks for. */
export type { Lookup } from './addresses.ts';
export { type DialOptions, type DialTarget, type DialTls, dial } from './dial.ts';
export { dialService, type ServiceDialOptions } from './dial-service.ts';
export { fileContent } from './file-content.ts';
export { type Listener, type ListenOptions, listen } from './listen.ts';
export type { Found } from './lookup-cache.ts';
export { type NameQueries, type NameServers, nameQueries } from './name-queries.ts';
export { type NetworkOptions, nodeNetwork } from './network.ts';
export { checkPeerName, dnsNamesOf, namesCover } from './peer-name.ts';
export { provenNames } from './proven-names.ts';
export { Resolver, type ResolverOptions } from './resolver.ts';
export type { ServiceRecord } from './service-records.ts';
export { tlsDefaults } from './tls-defaults.ts';
