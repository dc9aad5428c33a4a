/** Certificates that are not good for the name they are shown for: nobody is told anything, nobody is believed. */
import { expect } from 'vitest';
import type { Certificate } from '../../../msrp/test/certificates.ts';
import { createAuthority, type Listening, request, responseTo } from '../endpoint.ts';
import { authOnBehalf, certificateFor } from './chain.ts';
import { authority } from './harness.ts';
import {
  attempts,
  type NodeOptions,
  type Outcome,
  outcomeOf,
  type Room,
  send,
  statusAndReport,
  takeSend,
} from './red-team.ts';

/** Whom everybody here would like to be. */
const BANK = 'bank.example.net';
const HOUR_MS = 3_600_000;

/** Certificates that are no proof of that name. */
const BAD: readonly (readonly [what: string, make: () => Promise<Certificate>])[] = [
  ['signed by itself', async () => (await createAuthority(BANK)).issue({ dnsNames: [BANK] })],
  ['of an authority of the same name', async () => (await createAuthority()).issue({ dnsNames: [BANK] })],
  ['that has expired', () => authority.issue({ dnsNames: [BANK], notAfter: new Date(Date.now() - HOUR_MS) })],
  [
    'that is not valid yet',
    () =>
      authority.issue({
        dnsNames: [BANK],
        notBefore: new Date(Date.now() + HOUR_MS),
        notAfter: new Date(Date.now() + 2 * HOUR_MS),
      }),
  ],
  ['for another name', () => certificateFor('evil.example.net')],
  ['for a name below', () => certificateFor(`x.${BANK}`)],
  ['for the domain above', () => certificateFor('example.net')],
  ['for a name that ends the same', () => certificateFor(`evil${BANK}`)],
  ['for a name that begins the same', () => certificateFor(`${BANK}.evil.example.org`)],
  ['with the name as common name only', () => authority.issue({ commonName: BANK, dnsNames: ['evil.example.net'] })],
  ['with the name as common name and no other', () => authority.issue({ commonName: BANK })],
  ['with its address only', () => authority.issue({ commonName: BANK, addresses: ['127.8.0.2'] })],
  ['for every name', () => authority.issue({ dnsNames: ['*'] })],
  ['for every name of a top-level domain', () => authority.issue({ dnsNames: ['*.net'] })],
  ['for every name two levels up', () => authority.issue({ dnsNames: ['*.*.net'] })],
  ['with a star in the middle', () => authority.issue({ dnsNames: ['bank.*.net'] })],
  ['with part of a label as a star', () => authority.issue({ dnsNames: ['b*.example.net'] })],
  ['whose star stands for nothing', () => authority.issue({ dnsNames: [`*.${BANK}`] })],
  ['with several names in one', () => authority.issue({ dnsNames: [`evil.example.net, DNS:${BANK}, DNS:x`] })],
  ['with a NUL in its name', () => authority.issue({ dnsNames: [`${BANK}\0.evil.example.net`] })],
];

/** A client sends to the bank, and DNS leads to a node with these options: what comes of it, and what the node was told. */
async function toBank(room: Room, options: NodeOptions): Promise<readonly Outcome[]> {
  const node = await room.node(BANK, options);
  const { endpoint, usePath } = await room.client();
  const outcomes = await statusAndReport(endpoint, send(endpoint, `${usePath} msrps://${BANK}:${node.port}/x;tcp`));
  if (node.acceptedCount() > 0) await expect((await node.accept()).next()).rejects.toThrow('closed');
  return outcomes;
}

/** The same with an AUTH, whose answer says all. */
async function authForBank(room: Room, options: NodeOptions): Promise<Outcome> {
  const node = await room.node(BANK, options);
  const { endpoint, usePath } = await room.client();
  const toPath = `${usePath} msrps://${BANK}:${node.port};tcp`;
  const outcome = await outcomeOf(endpoint, request('AUTH', { toPath, fromPath: endpoint.uri }));
  if (node.acceptedCount() > 0) await expect((await node.accept()).next()).rejects.toThrow('closed');
  return outcome;
}

const UNREACHABLE = {
  answer: [200, 408],
  dials: [BANK],
  looksUp: [BANK],
  reports: { 'unreachable 408': 1 },
} as const;

/** A SEND to the bank at `node` that arrives there: what its sender is told. */
async function isTold(node: Listening, room: Room): Promise<Outcome> {
  const { endpoint, usePath } = await room.client();
  const outcome = await outcomeOf(endpoint, send(endpoint, `${usePath} msrps://${BANK}:${node.port}/x;tcp`));
  await takeSend(node);
  return outcome;
}

attempts('A next hop with a certificate', [
  ...BAD.map(([what, make]) => ({
    title: `${what} is told nothing (CN-07, CN-26, X-01)`,
    act: async (room: Room) => toBank(room, { certificate: await make() }),
    ...UNREACHABLE,
  })),
  {
    title: 'that it does not show, is told nothing (CN-07, CN-26)',
    act: (room) => toBank(room, { tls: { ciphers: 'aNULL:@SECLEVEL=0', maxVersion: 'TLSv1.2' } }),
    ...UNREACHABLE,
  },
  {
    title: 'of its own is told what it is to know (CN-07, FW-09)',
    act: async (room) => isTold(await room.node(BANK), room),
    answer: 200,
    dials: [BANK],
    looksUp: [BANK],
  },
  {
    title: 'with a star as its whole first label is told, too (CN-07, A-34)',
    act: async (room) => {
      const certificate = await certificateFor('*.example.net');
      return isTold(await room.node(BANK, { certificate }), room);
    },
    answer: 200,
    dials: [BANK],
    looksUp: [BANK],
  },
]);

attempts('Where endpoints are not checked, a relay with a certificate', [
  ...BAD.map(([what, make]) => ({
    title: `${what} is told no AUTH all the same (AU-52, CN-11, CN-26)`,
    relay: { nextHops: { allow: ['127.8.0.0/16'], verifyEndpoints: false } },
    act: async (room: Room) => authForBank(room, { certificate: await make() }),
    answer: 408 as const,
    dials: [BANK],
    looksUp: [BANK],
  })),
  {
    title: 'of its own is told the AUTH (AU-52, CN-11)',
    relay: { nextHops: { allow: ['127.8.0.0/16'], verifyEndpoints: false } },
    act: async (room) => {
      const node = await room.node(BANK);
      const { endpoint, usePath } = await room.client();
      const toPath = `${usePath} msrps://${BANK}:${node.port};tcp`;
      const outcome = outcomeOf(endpoint, request('AUTH', { toPath, fromPath: endpoint.uri }));
      const far = await node.accept();
      void far.send(responseTo(await far.next(), 401));
      return outcome;
    },
    answer: 401,
    dials: [BANK],
    looksUp: [BANK],
  },
]);

/** A node comes and brings a client, as the relay `host`. */
async function bringClient(room: Room, certificate: Certificate | undefined, host = BANK): Promise<Outcome> {
  const endpoint = await room.connect(certificate === undefined ? {} : { certificate });
  const fromPath = `msrps://${host}:2855/s1;tcp msrps://client.example.org:41207/c1;tcp`;
  return (await authOnBehalf(endpoint, { target: room.relay.target, fromPath })).status ?? 'closed';
}

attempts('Whoever brings clients as another relay, with a certificate', [
  ...BAD.map(([what, make]) => ({
    title: `${what} is refused (AU-48, CN-09, SE-05)`,
    act: async (room: Room) => bringClient(room, await make()),
    answer: 403 as const,
  })),
  {
    title: 'that it does not show is refused (AU-48, CN-08, SE-05)',
    act: (room) => bringClient(room, undefined),
    answer: 403,
  },
  {
    title: 'for its address is refused as that address (AU-48, CN-07)',
    act: async (room) => bringClient(room, await authority.issue({ addresses: ['127.0.0.1'] }), '127.0.0.1'),
    answer: 403,
  },
  {
    title: 'of its own is admitted (AU-48, CN-09)',
    act: async (room) => bringClient(room, await certificateFor(BANK)),
    answer: 200,
  },
]);

/** Ways to write the host of a relay that is not welcome. */
const DENIED_SPELLINGS = [
  BANK,
  `${BANK}.`,
  BANK.toUpperCase(),
  BANK.replace('bank', 'b%61nk'),
  [...BANK].map((c) => `%${c.charCodeAt(0).toString(16)}`).join(''),
  `good.example.org@${BANK}`,
  `good.example.org:2855@${BANK}`,
];

attempts('A relay that is denied', [
  ...[BANK, '*.example.net', 'Bank.Example.NET', 'any'].flatMap((entry) =>
    DENIED_SPELLINGS.map((host) => ({
      title: `as ${entry} is refused as ${host} (AU-49)`,
      relay: { relays: { deny: [entry] } },
      act: async (room: Room) => bringClient(room, await certificateFor(BANK), host),
      answer: 403 as const,
    })),
  ),
  ...DENIED_SPELLINGS.map((host) => ({
    title: `is another one: ${host} is admitted (AU-49)`,
    relay: { relays: { deny: ['other.example.net', '*.bank.example.net', '*.example.org'] } },
    act: async (room: Room) => bringClient(room, await certificateFor(BANK), host),
    answer: 200 as const,
  })),
]);
