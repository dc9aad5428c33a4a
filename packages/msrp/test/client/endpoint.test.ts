import { createHash } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { request, responseTo, sendRequest } from '../../../relay/test/message.ts';
import { ManualClock, type MsrpError } from '../../src/base/index.ts';
import { Endpoint, type Session } from '../../src/client/index.ts';
import { FarEnd, MemoryChannel, MemoryNetwork, settled } from './network.ts';
import { grantNext, NADIA } from './scripted-relay.ts';

const BOB = 'bob.example.org:7000';
const ADDRESS = { scheme: 'msrps', host: 'bob.example.org', port: 7000 } as const;
const RELAY = 'msrps://relay-a.example.org:2855;tcp';
const USE_PATH = 'msrps://node3.relay-a.example.org:9000/granted;tcp';
const PEER = 'msrps://relay-p.example.net:2855/sp;tcp msrps://oskar.example.net:50321/so;tcp';

describe('behind a relay', () => {
  it('sends to its relays, then along the path of the peer, as itself; SDP has the same backwards (U-19, U-20)', async () => {
    const { session, far } = await relayed();
    expect(session.path).toBe(`${USE_PATH} ${session.uri}`);
    await session.open(PEER);
    const message = session.send('hello');
    for (const asked of [await far.next(), await far.next()]) {
      expect(asked.method).toBe('SEND');
      expect(asked.header('To-Path')).toBe(`${USE_PATH} ${PEER}`);
      expect(asked.header('From-Path')).toBe(session.uri);
      far.send(responseTo(asked, 200, 'OK'));
    }
    await message.accepted;
  });

  it('does everything for a Use-Path over the connection of its AUTH, wherever its URIs point (CN-02)', async () => {
    const { session, far, network } = await relayed();
    await session.open(PEER);
    session.send('hello');
    await far.next();
    await far.next();
    expect(network.dialled.map(({ uri }) => uri)).toEqual([RELAY]);
  });

  it('connects and authenticates as the passive side, too, and then says nothing (CM-04, CN-30)', async () => {
    const { session, far, network } = await relayed();
    await session.open(PEER, 'passive');
    await settled();
    expect(network.dialled).toHaveLength(1);
    expect(far.inbox).toEqual([]);
    session.send('hello');
    expect((await far.next()).body?.toString()).toBe('hello');
  });

  it('hears its peer on that connection only; the relay cannot speak for another session (CN-23, S-25)', async () => {
    const { session, far, endpoint } = await relayed();
    const heard = texts(session);
    const statuses = await statusesOf(far, [
      sendRequest({ toPath: session.uri, fromPath: `${USE_PATH} ${PEER}`, body: 'hello' }),
      sendRequest({ toPath: session.uri.replace(/\/[^/]*;/, '/other;'), fromPath: PEER, body: 'no' }),
      sendRequest({ toPath: `${session.uri} ${session.uri}`, fromPath: PEER, body: 'no' }),
    ]);
    expect(statuses).toEqual([200, 481, 481]);
    const [near, other] = MemoryChannel.pair();
    endpoint.accept(near);
    const stranger = new FarEnd(other);
    expect(await statusesOf(stranger, [sendRequest({ toPath: session.uri, fromPath: PEER, body: 'no' })])).toEqual([
      506,
    ]);
    expect(heard).toEqual(['hello']);
    expect(session.isOpen).toBe(true);
  });

  it('shares one connection among its sessions, which all fail with it (CN-17, CN-28)', async () => {
    const { session, far, network, relay, clock } = await relayed();
    const creating = relay.createSession();
    await grantNext(far, { usePath: USE_PATH.replace('granted', 'second') });
    const second = await creating;
    const failures = [session, second].map((one) => new Promise<MsrpError>((resolve) => one.on('failed', resolve)));
    await session.open(PEER);
    const sent = session.send('hello');
    expect(network.dialled).toHaveLength(1);
    far.channel.fail(new Error('reset by peer'));
    for (const failure of failures) await expect(failure).resolves.toMatchObject({ code: 'MSRP_CONNECTION_LOST' });
    await expect(sent.accepted).rejects.toMatchObject({ code: 'MSRP_CONNECTION_LOST' });
    expect([session.isOpen, second.isOpen, relay.isOpen]).toEqual([false, false, false]);
    expect(clock.waitingCount).toBe(0);
  });

  it('promises protection of the way to the next node only (SE-15)', async () => {
    const { session } = await relayed();
    expect(session.isHopSecure).toBe(true);
    const clear = await direct({ traits: { isSecure: false } });
    expect(clear.alice.isHopSecure).toBe(false);
    expect(Object.keys(session).filter((name) => /secur/i.test(name))).toEqual([]);
  });
});

describe('the active side', () => {
  it('makes itself known at once, with a SEND that carries nothing (S-13, S-14)', async () => {
    const { network, endpoint } = fixture();
    const [ends] = [network.script(BOB)];
    const session = endpoint.createSession();
    await session.open(`msrps://${BOB}/b1;tcp`);
    const asked = await ends[0]?.next();
    expect(asked?.startLine).toMatch(/ SEND$/);
    expect(asked?.header('To-Path')).toBe(`msrps://${BOB}/b1;tcp`);
    expect(asked?.header('From-Path')).toBe(session.path);
    expect(asked?.header('Byte-Range')).toBe('1-0/0');
    expect(asked?.body).toBeUndefined();
  });

  it('has a URI that nobody can dial, unless it says where it listens (U-18)', () => {
    const { endpoint } = fixture();
    expect(endpoint.createSession().path).toMatch(/^msrps:\/\/[a-z0-9]+\.invalid:2855\/[A-Za-z0-9]{20,};tcp$/);
    expect(endpoint.createSession({ address: ADDRESS }).path).toMatch(
      /^msrps:\/\/bob\.example\.org:7000\/\w{20,};tcp$/,
    );
  });

  it('shares the connection to a node among sessions, also when they open at once (CN-01, CN-28)', async () => {
    const { network, endpoint, bob } = await direct();
    const sessions = [1, 2, 3].map(() => endpoint.createSession());
    const others = sessions.map(() => bob.createSession({ address: { ...ADDRESS, port: 7001 } }));
    network.endpoint('bob.example.org:7001', bob);
    await Promise.all(sessions.map((session, index) => session.open(others[index]?.path ?? '')));
    const [another, last] = [endpoint.createSession(), bob.createSession({ address: { ...ADDRESS, port: 7001 } })];
    await another.open(last.path);
    expect(network.dialled.map(({ uri }) => uri.replace(/\/\w+;/, ';'))).toEqual([
      'msrps://bob.example.org:7000;tcp',
      'msrps://bob.example.org:7001;tcp',
    ]);
    expect(new Set([...sessions, another].map(({ connection }) => connection)).size).toBe(1);
    const heard = others.map(texts);
    for (const [index, session] of sessions.entries()) session.send(`to ${index}`);
    await expect.poll(() => heard).toEqual([['to 0'], ['to 1'], ['to 2']]);
  });

  it.each([
    ['another port', `msrps://bob.example.org:7001/b2;tcp`, undefined],
    ['another scheme', `msrp://${BOB}/b2;tcp`, undefined],
    ['a name in other letters, which is the same', `msrps://BOB.example.org:7000/b2;TCP`, undefined],
    ['a certificate of its own', `msrps://${BOB}/b2;tcp`, fingerprintOf(Buffer.from('bob'))],
  ])('shares no connection with a node that has %s (CN-01, U-06, U-07)', async (what, path, fingerprint) => {
    const { network, endpoint } = fixture();
    const traits = { peerCertificate: Buffer.from('bob') };
    network.script(BOB, traits);
    network.script('bob.example.org:7001', traits);
    await endpoint.createSession().open(`msrps://${BOB}/b1;tcp`);
    await endpoint.createSession().open({ path, fingerprint });
    expect(network.dialled).toHaveLength(what.includes('the same') ? 1 : 2);
  });

  it('fails with the connection, and with it only those that used it; then dials anew (CN-17)', async () => {
    const { network, endpoint, clock } = fixture();
    const [ends, others] = [network.script(BOB), network.script('carol.example.org:7000')];
    const [first, second, third] = [1, 2, 3].map(() => endpoint.createSession()) as [Session, Session, Session];
    await first.open(`msrps://${BOB}/b1;tcp`);
    await second.open(`msrps://${BOB}/b2;tcp`);
    await third.open('msrps://carol.example.org:7000/c1;tcp');
    ends[0]?.channel.fail(new Error('reset by peer'));
    await expect.poll(() => [first.isOpen, second.isOpen, third.isOpen]).toEqual([false, false, true]);
    expect(() => first.send('too late')).toThrow(expect.objectContaining({ code: 'MSRP_SESSION_FAILED' }));
    const next = endpoint.createSession();
    await next.open(`msrps://${BOB}/b3;tcp`);
    expect([ends.length, others.length]).toEqual([2, 1]);
    expect(next.isOpen).toBe(true);
    endpoint.close();
    expect(clock.waitingCount).toBe(0);
  });

  it('says that nobody was reached, to everybody who waited, and may try again', async () => {
    const { network, endpoint } = fixture();
    const [one, two] = [endpoint.createSession(), endpoint.createSession()];
    for (const opening of [one.open(`msrps://${BOB}/b1;tcp`), two.open(`msrps://${BOB}/b2;tcp`)]) {
      await expect(opening).rejects.toMatchObject({ code: 'MSRP_DIAL_FAILED' });
    }
    expect(network.dialled).toHaveLength(1);
    network.script(BOB);
    await expect(one.open(`msrps://${BOB}/b1;tcp`)).resolves.toBe(one);
  });

  it.each([
    ['nothing', ''],
    ['a relay without session', 'msrps://relay-p.example.net:2855;tcp'],
    ['no URI', 'bob'],
    ['a URI without port (U-15)', 'msrps://bob.example.org/b1;tcp'],
  ])('dials nobody for a path that is %s', async (_, path) => {
    const { network, endpoint } = fixture();
    network.script('bob.example.org');
    await expect(endpoint.createSession().open(path)).rejects.toMatchObject({ code: 'MSRP_BAD_PATH' });
    expect(network.dialled).toEqual([]);
  });

  it('refuses a path with a hop in the clear where the application wants none (U-24)', async () => {
    const { network, endpoint } = fixture();
    network.script(BOB);
    const path = `msrps://${BOB}/b1;tcp msrp://carol.example.org:7000/c1;tcp`;
    const session = endpoint.createSession();
    await expect(session.open({ path, requireSecurePath: true })).rejects.toMatchObject({ code: 'MSRP_INSECURE' });
    expect(network.dialled).toEqual([]);
    await session.open({ path });
    expect(network.dialled).toHaveLength(1);
  });
});

describe('the passive side', () => {
  it('takes the connection of the first request for it as that of its peer (CN-23)', async () => {
    const { bob, far } = passive();
    const session = bob.createSession({ address: ADDRESS });
    const heard = texts(session);
    expect(session.connection).toBeUndefined();
    expect(() => session.send('whereto?')).toThrow(expect.objectContaining({ code: 'MSRP_BAD_PATH' }));
    const alice = 'msrps://alice.invalid:2855/a1;tcp';
    const binding = sendRequest({ toPath: session.uri, fromPath: alice, byteRange: '1-0/0' });
    expect(await statusesOf(far, [binding])).toEqual([200]);
    expect(session.peerPath).toBe(alice);
    session.send('here you are');
    expect((await far.next()).header('To-Path')).toBe(alice);
    expect(heard).toEqual([]);
  });

  it('answers 481 where no such session is, and 506 where it is another connection’s (CN-23, EC-10, EC-12, S-25)', async () => {
    const { bob, far } = passive();
    const session = bob.createSession({ address: ADDRESS });
    const failed = vi.fn();
    session.on('failed', failed);
    const ask = (toPath: string) => sendRequest({ toPath, fromPath: 'msrps://alice.invalid:2855/a1;tcp', body: 'x' });
    const nearMisses = [
      session.uri.replace('bob.example', 'bobby.example'),
      session.uri.replace(':7000', ':7001'),
      session.uri.replace(';tcp', ';ws'),
      session.uri.replace('msrps:', 'msrp:'),
      session.uri.replace(/[a-z](?=[^/]*;tcp$)/, (letter) => letter.toUpperCase()),
      `${session.uri} msrps://carol.example.org:7000/c1;tcp`,
    ];
    session.on('message', (message) => void message.bytes());
    expect(await statusesOf(far, nearMisses.map(ask))).toEqual(nearMisses.map(() => 481));
    expect(session.connection).toBeUndefined();
    // The same URI in other letters (U-07, U-10).
    const sameUri = session.uri.replace('//bob', '//someone@BOB').replace(';tcp', ';TCP;x=y');
    expect(await statusesOf(far, [ask(sameUri)])).toEqual([200]);

    const [near, other] = MemoryChannel.pair();
    bob.accept(near);
    const stranger = new FarEnd(other);
    expect(await statusesOf(stranger, [ask(session.uri)])).toEqual([506]);
    expect(await statusesOf(far, [ask(session.uri)])).toEqual([200]);
    expect(failed).not.toHaveBeenCalled();
  });

  it('has several sessions on one connection (CN-28)', async () => {
    const { bob, far } = passive();
    const sessions = [1, 2, 3].map(() => bob.createSession({ address: ADDRESS }));
    const heard = sessions.map(texts);
    const requests = sessions.map(({ uri }, index) =>
      sendRequest({ toPath: uri, fromPath: `msrps://alice.invalid:2855/a${index};tcp`, body: `to ${index}` }),
    );
    expect(await statusesOf(far, requests)).toEqual([200, 200, 200]);
    await expect.poll(() => heard).toEqual([['to 0'], ['to 1'], ['to 2']]);
    far.channel.fail(undefined);
    await expect.poll(() => sessions.map(({ isOpen }) => isOpen)).toEqual([false, false, false]);
  });

  it('answers requests for a session that is over with 481 (EC-10)', async () => {
    const { bob, far } = passive();
    const session = bob.createSession({ address: ADDRESS });
    session.on('message', (message) => void message.bytes());
    const ask = () => sendRequest({ toPath: session.uri, fromPath: 'msrps://alice.invalid:2855/a1;tcp', body: 'x' });
    expect(await statusesOf(far, [ask()])).toEqual([200]);
    session.close();
    expect(await statusesOf(far, [ask()])).toEqual([481]);
    expect(far.isClosed).toBe(false);
  });

  it('answers methods that it does not know, for sessions that it has (R-04, R-12)', async () => {
    const { bob, far } = passive();
    const session = bob.createSession({ address: ADDRESS });
    const fromPath = 'msrps://r.example.org:1/r;tcp msrps://alice.invalid:2855/a1;tcp';
    far.send(request('WIBBLE', { toPath: session.uri, fromPath }));
    const answer = await far.next();
    expect([answer.status, answer.header('To-Path'), answer.header('From-Path')]).toEqual([501, fromPath, session.uri]);
  });
});

describe('certificates of peers', () => {
  const certificate = Buffer.from('the certificate of bob');

  it.each([
    ['SHA-256', fingerprintOf(certificate)],
    ['SHA-384, in small letters', fingerprintOf(certificate, 'sha384').toLowerCase()],
    ['SHA-512, between blanks', `  ${fingerprintOf(certificate, 'sha512').replace(' ', '   ')} `],
  ])('prove themselves by their fingerprint in SDP: %s (CN-24)', async (_, fingerprint) => {
    const { network, endpoint } = fixture();
    network.script(BOB, { peerCertificate: certificate });
    const session = endpoint.createSession();
    await session.open({ path: `msrps://${BOB}/b1;tcp`, fingerprint });
    expect(network.dialled[0]?.checksName).toBe(false);
    expect(session.isOpen).toBe(true);
  });

  it.each([
    ['of another one', fingerprintOf(Buffer.from('the certificate of mallory'))],
    ['cut short', fingerprintOf(certificate).slice(0, -3)],
    ['by SHA-1', fingerprintOf(certificate, 'sha1')],
    ['by MD5', fingerprintOf(certificate, 'md5')],
    ['by no hash at all', '__proto__ 00'],
    ['by something that objects have', `constructor ${certificate.toString('hex')}`],
    ['without hash', fingerprintOf(certificate).split(' ')[1] ?? ''],
    ['empty', ''],
  ])('do not fit a fingerprint %s: nothing is said to that peer (CN-24)', async (_, fingerprint) => {
    const { network, endpoint, clock } = fixture();
    const ends = network.script(BOB, { peerCertificate: certificate });
    const session = endpoint.createSession();
    const opening = session.open({ path: `msrps://${BOB}/b1;tcp`, fingerprint });
    await expect(opening).rejects.toMatchObject({ code: 'MSRP_BAD_FINGERPRINT' });
    await settled();
    expect(ends[0]).toMatchObject({ text: '', isClosed: true });
    expect(clock.waitingCount).toBe(0);
  });

  it('are not there in the clear: a fingerprint is never met (CN-24)', async () => {
    const { network, endpoint } = fixture();
    network.script(BOB, { isSecure: false });
    const opening = endpoint
      .createSession()
      .open({ path: `msrp://${BOB}/b1;tcp`, fingerprint: fingerprintOf(certificate) });
    await expect(opening).rejects.toMatchObject({ code: 'MSRP_BAD_FINGERPRINT' });
  });

  it('are checked by name where SDP announces none (CN-07)', async () => {
    const { network, endpoint } = fixture();
    network.script(BOB, { peerCertificate: certificate });
    await endpoint.createSession().open(`msrps://${BOB}/b1;tcp`);
    expect(network.dialled[0]?.checksName).toBe(true);
  });

  it('of whoever connects are compared, too; the right one may still come (CN-24)', async () => {
    const { bob, far } = passive({ peerCertificate: Buffer.from('mallory') });
    const session = bob.createSession({ address: ADDRESS });
    const heard = texts(session);
    const path = 'msrps://alice.invalid:2855/a1;tcp';
    await session.open({ path, fingerprint: fingerprintOf(certificate) }, 'passive');
    far.send(sendRequest({ toPath: session.uri, fromPath: path, body: 'from mallory' }));
    await expect.poll(() => far.isClosed).toBe(true);
    const [near, other] = MemoryChannel.pair({ peerCertificate: certificate });
    bob.accept(near);
    const alice = new FarEnd(other);
    expect(await statusesOf(alice, [sendRequest({ toPath: session.uri, fromPath: path, body: 'from alice' })])).toEqual(
      [200],
    );
    await expect.poll(() => heard).toEqual(['from alice']);
  });

  it('of whoever connected before SDP came are compared when it does (CN-24)', async () => {
    const { bob, far } = passive({ peerCertificate: Buffer.from('mallory') });
    const session = bob.createSession({ address: ADDRESS });
    const path = 'msrps://alice.invalid:2855/a1;tcp';
    expect(await statusesOf(far, [sendRequest({ toPath: session.uri, fromPath: path })])).toEqual([200]);
    const opening = session.open({ path, fingerprint: fingerprintOf(certificate) }, 'passive');
    await expect(opening).rejects.toMatchObject({ code: 'MSRP_BAD_FINGERPRINT' });
    await expect.poll(() => far.isClosed).toBe(true);
    expect(session.isOpen).toBe(false);
  });
});

describe('connections that nobody uses', () => {
  it('of strangers who name no session are ended after 30 s', async () => {
    const { bob, far, clock } = passive();
    expect(await statusesOf(far, [sendRequest({ toPath: `msrps://${BOB}/b;tcp`, fromPath: PEER, body: 'x' })])).toEqual(
      [481],
    );
    clock.advance(29_999);
    await settled();
    expect(far.isClosed).toBe(false);
    clock.advance(1);
    await expect.poll(() => far.isClosed).toBe(true);
    expect(clock.waitingCount).toBe(0);
    bob.close();
  });

  it('to peers are kept for five minutes after their last session, and used again meanwhile (CN-18, CN-19)', async () => {
    const { network, endpoint, clock } = fixture();
    const ends = network.script(BOB);
    const session = endpoint.createSession();
    await session.open(`msrps://${BOB}/b1;tcp`);
    const [far] = ends;
    if (far === undefined) throw new Error('nobody was dialled');
    far.send(responseTo(await far.next(), 200));
    await settled();
    clock.advance(86_400_000);
    session.close();
    clock.advance(299_999);
    const again = endpoint.createSession();
    await again.open(`msrps://${BOB}/b2;tcp`);
    far.send(responseTo(await far.next(), 200));
    await settled();
    clock.advance(86_400_000);
    await settled();
    expect([far.isClosed, again.isOpen, ends.length]).toEqual([false, true, 1]);
    again.close();
    clock.advance(300_000);
    await expect.poll(() => far.isClosed).toBe(true);
    expect(clock.waitingCount).toBe(0);
  });

  it('to the own relay are kept for an hour (CN-18, CN-19)', async () => {
    const { session, far, relay, clock } = await relayed();
    session.close();
    clock.advance(3_599_999);
    await settled();
    expect(relay.isOpen).toBe(true);
    clock.advance(1);
    await expect.poll(() => far.isClosed).toBe(true);
    expect(relay.isOpen).toBe(false);
    expect(clock.waitingCount).toBe(0);
  });

  it('to the own relay are kept for an hour when no session ever came (CN-19)', async () => {
    const { network, endpoint, clock } = fixture();
    const [far] = [network.script('relay-a.example.org:2855')];
    const relay = await endpoint.connectRelay({ uri: RELAY, ...NADIA });
    clock.advance(3_600_000);
    await expect.poll(() => far[0]?.isClosed).toBe(true);
    await expect(relay.createSession()).rejects.toMatchObject({ code: 'MSRP_CONNECTION_LOST' });
  });

  it('stay with none of their timers when the session was closed while its peer was dialled (CN-19)', async () => {
    const { network, endpoint, clock } = fixture();
    const dialling = Promise.withResolvers<MemoryChannel>();
    network.node(BOB, () => dialling.promise);
    const session = endpoint.createSession();
    const opening = session.open(`msrps://${BOB}/b1;tcp`);
    session.close();
    const [near, other] = MemoryChannel.pair();
    dialling.resolve(near);
    await expect(opening).rejects.toMatchObject({ code: 'MSRP_SESSION_CLOSED' });
    const far = new FarEnd(other);
    await settled();
    clock.advance(300_000);
    await expect.poll(() => far.isClosed).toBe(true);
    expect(clock.waitingCount).toBe(0);
  });
});

describe('close', () => {
  it('ends sessions and connections of all kinds, in order, and leaves no timer', async () => {
    const { session, far, relay, endpoint, network, clock } = await relayed();
    const [ends] = [network.script(BOB)];
    const peer = endpoint.createSession({ keepAliveMs: 10_000 });
    await peer.open(`msrps://${BOB}/b1;tcp`);
    const [near, other] = MemoryChannel.pair();
    endpoint.accept(near);
    const stranger = new FarEnd(other);
    const closed = vi.fn();
    for (const one of [session, peer]) one.on('closed', closed);
    const sent = peer.send('under way');
    endpoint.close();
    await expect.poll(() => [far, ends[0], stranger].map((end) => end?.isClosed)).toEqual([true, true, true]);
    expect(closed).toHaveBeenCalledTimes(2);
    expect([session.isOpen, peer.isOpen, relay.isOpen]).toEqual([false, false, false]);
    await expect(sent.accepted).rejects.toMatchObject({ code: 'MSRP_SESSION_CLOSED' });
    expect(clock.waitingCount).toBe(0);
    endpoint.close();
    expect(closed).toHaveBeenCalledTimes(2);
  });

  it('lets nobody in afterwards', async () => {
    const { endpoint, network } = fixture();
    network.script(BOB);
    network.script('relay-a.example.org:2855');
    const session = endpoint.createSession();
    endpoint.close();
    const refusal = { code: 'MSRP_SESSION_CLOSED' };
    expect(() => endpoint.createSession()).toThrow(expect.objectContaining(refusal));
    await expect(session.open(`msrps://${BOB}/b1;tcp`)).rejects.toMatchObject(refusal);
    await expect(endpoint.connectRelay({ uri: RELAY, ...NADIA })).rejects.toMatchObject(refusal);
    expect(network.dialled).toEqual([]);
    const [near, other] = MemoryChannel.pair();
    const stranger = new FarEnd(other);
    endpoint.accept(near);
    await expect.poll(() => stranger.isClosed).toBe(true);
  });

  it.each(['a relay', 'a peer'])('leaves %s that is being dialled', async (who) => {
    const { endpoint, network, clock } = fixture();
    const dialling = Promise.withResolvers<MemoryChannel>();
    network.node(BOB, () => dialling.promise);
    const opening =
      who === 'a peer'
        ? endpoint.createSession().open(`msrps://${BOB}/b1;tcp`)
        : endpoint.connectRelay({ uri: `msrps://${BOB};tcp`, ...NADIA }, { signal: new AbortController().signal });
    await settled();
    endpoint.close();
    expect(network.dialled[0]?.signal?.aborted).toBe(true);
    // A network that did not notice.
    const [near, other] = MemoryChannel.pair();
    dialling.resolve(near);
    await expect(opening).rejects.toMatchObject({ code: 'MSRP_SESSION_CLOSED' });
    const far = new FarEnd(other);
    await expect.poll(() => far.isClosed).toBe(true);
    expect(far.text).toBe('');
    expect(clock.waitingCount).toBe(0);
  });

  it('of a relay connection ends it and its sessions only', async () => {
    const { session, far, relay, endpoint, network } = await relayed();
    network.script(BOB);
    const peer = endpoint.createSession();
    await peer.open(`msrps://${BOB}/b1;tcp`);
    relay.close();
    await expect.poll(() => far.isClosed).toBe(true);
    expect([session.isOpen, peer.isOpen]).toEqual([false, true]);
  });

  it('is heard of by the caller of connectRelay, who may call off his own dialling', async () => {
    const { endpoint, network } = fixture();
    network.node('relay-a.example.org:2855', () => Promise.withResolvers<MemoryChannel>().promise);
    const caller = new AbortController();
    void endpoint.connectRelay({ uri: RELAY, ...NADIA }, { signal: caller.signal });
    await settled();
    expect(network.dialled[0]?.signal?.aborted).toBe(false);
    caller.abort();
    expect(network.dialled[0]?.signal?.aborted).toBe(true);
  });
});

function fixture() {
  const clock = new ManualClock();
  const network = new MemoryNetwork();
  return { clock, network, endpoint: new Endpoint({ network, clock }) };
}

/** An endpoint with a session at a scripted relay. */
async function relayed() {
  const { clock, network, endpoint } = fixture();
  const ends = network.script('relay-a.example.org:2855');
  const relay = await endpoint.connectRelay({ uri: RELAY, ...NADIA });
  const [far] = ends;
  if (far === undefined) throw new Error('nobody was dialled');
  const creating = relay.createSession();
  await grantNext(far, { usePath: USE_PATH, expires: 100_000_000 });
  return { clock, network, endpoint, relay, far, session: await creating };
}

/** Two endpoints with a session between them. */
async function direct({ traits = {} }: { traits?: { isSecure?: boolean } } = {}) {
  const { clock, network, endpoint } = fixture();
  const bob = new Endpoint({ network, clock });
  network.endpoint(BOB, bob, traits);
  const bobs = bob.createSession({ address: ADDRESS });
  const alice = endpoint.createSession();
  await alice.open(bobs.path);
  return { clock, network, endpoint, bob, alice, bobs };
}

/** An endpoint that a scripted peer has connected to. */
function passive(traits: { peerCertificate?: Uint8Array } = {}) {
  const { clock, endpoint: bob } = fixture();
  const [near, other] = MemoryChannel.pair(traits);
  bob.accept(near);
  return { clock, bob, far: new FarEnd(other) };
}

/** Asks all of these and waits for the answers, which come in the same order. */
async function statusesOf(far: FarEnd, requests: readonly Uint8Array[]): Promise<(number | undefined)[]> {
  const statuses: (number | undefined)[] = [];
  for (const asked of requests) {
    far.send(asked);
    statuses.push((await far.next()).status);
  }
  return statuses;
}

/** The texts of the messages that come in on a session, as they are complete. */
function texts(session: Session): string[] {
  const heard: string[] = [];
  session.on('message', async (message) => heard.push(await message.text()));
  return heard;
}

/** As in `a=fingerprint`. */
function fingerprintOf(certificate: Uint8Array, hash = 'sha256'): string {
  const digits = createHash(hash).update(certificate).digest('hex').toUpperCase();
  return `${hash.replace('sha', 'sha-')} ${digits.match(/../g)?.join(':')}`;
}
