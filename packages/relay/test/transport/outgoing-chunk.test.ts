import { describe, expect, it } from 'vitest';
import { OutgoingChunk } from '../../src/transport/outgoing-chunk.ts';
import { Store } from '../../src/transport/stores.ts';
import { bodyOf } from './body-of.ts';

function octetsOf({ head, body, tail }: OutgoingChunk): Buffer {
  return Buffer.concat([Buffer.from(head, 'latin1'), ...body, Buffer.from(tail, 'latin1')]);
}

/** A view of `octets` octets on a read buffer of 64 KiB. */
function view(octets: number, value = 1): Uint8Array {
  return new Uint8Array(65_536).fill(value).subarray(100, 100 + octets);
}

describe('OutgoingChunk', () => {
  it('counts every octet on the wire', () => {
    expect(new OutgoingChunk('head', bodyOf(view(10), view(5)), 'tail', undefined).octets).toBe(23);
  });

  it('becomes one run of its own, which pins nothing, when it is short and has to wait', () => {
    const chunk = new OutgoingChunk('hé', bodyOf(view(200, 3), view(300, 4)), '\r\n-end', undefined);
    const before = octetsOf(chunk);
    chunk.settle();
    expect(octetsOf(chunk).equals(before)).toBe(true);
    expect(chunk.body).toHaveLength(1);
    expect(chunk.body[0]?.buffer.byteLength).toBe(before.length);
    expect(chunk.heldOctets).toBe(before.length);
  });

  it('keeps large views as they are and copies those under a quarter of their backing store', () => {
    const large = view(60_000, 1);
    const small = view(9000, 2);
    const chunk = new OutgoingChunk('head', bodyOf(large, small), 'tail', undefined);
    const before = octetsOf(chunk);
    chunk.settle();
    expect(octetsOf(chunk).equals(before)).toBe(true);
    expect(chunk.body).toContain(large);
    expect(chunk.body).not.toContain(small);
    const copy = chunk.body.find(({ length }) => length === 9000);
    expect(copy?.buffer.byteLength).toBe(9000);
  });

  it('says what waiting costs: the whole backing store of a view that is kept, the octets of one that is copied', () => {
    const chunk = new OutgoingChunk('head', bodyOf(view(60_000), view(9000)), 'tail', undefined);
    expect(chunk.heldOctets).toBe(8 + 65_536 + 9000);
  });

  it('does not change when what it was made of does, once it has settled', () => {
    const readBuffer = new Uint8Array(65_536).fill(5);
    const chunk = new OutgoingChunk('', bodyOf(readBuffer.subarray(0, 9000)), '', undefined);
    chunk.settle();
    readBuffer.fill(6);
    expect(octetsOf(chunk).every((octet) => octet === 5)).toBe(true);
  });

  it('keeps what is in a store, however little, and counts the whole of it once', () => {
    const store = new Store();
    const views = [store.octets.subarray(0, 9000), store.octets.subarray(9000, 9001), view(100, 7)];
    const chunk = new OutgoingChunk('head', { views, octets: 9101, stores: [store] }, 'tail', undefined);
    expect(chunk.heldOctets).toBe(8 + 65_536 + 100);
    const before = octetsOf(chunk);
    chunk.settle();
    expect(octetsOf(chunk).equals(before)).toBe(true);
    expect(chunk.body.slice(1, 3)).toEqual(views.slice(0, 2));
    expect(chunk.body[1]?.buffer).toBe(store.octets.buffer);
  });
});
