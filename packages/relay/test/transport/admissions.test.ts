import { describe, expect, it } from 'vitest';
import { type Admission, Admissions } from '../../src/transport/admissions.ts';
import { Memory } from '../../src/transport/memory.ts';

function admitted(admissions: Admissions, address: string): Admission {
  const admission = admissions.admit(address);
  if (admission === undefined) throw new Error(`${address} was not admitted`);
  return admission;
}

describe('Admissions', () => {
  it('lets in as many as the bound says, and another when one is gone', () => {
    const admissions = new Admissions({ connections: 2, connectionsPerAddress: 10 }, new Memory(1_000_000));
    const first = admitted(admissions, '192.0.2.1');
    admitted(admissions, '192.0.2.2');
    expect(admissions.admit('192.0.2.3')).toBeUndefined();
    expect([admissions.count, admissions.refusedCount]).toEqual([2, 1]);
    first.release();
    admitted(admissions, '192.0.2.3');
    expect(admissions.admit('192.0.2.4')).toBeUndefined();
  });

  it('bounds the connections of one address and no others', () => {
    const admissions = new Admissions({ connections: 10, connectionsPerAddress: 2 }, new Memory(1_000_000));
    admitted(admissions, '192.0.2.1');
    const second = admitted(admissions, '192.0.2.1');
    expect(admissions.admit('192.0.2.1')).toBeUndefined();
    admitted(admissions, '2001:db8::1');
    second.release();
    admitted(admissions, '192.0.2.1');
  });

  it('counts an exempt connection in all but no longer against its address', () => {
    const admissions = new Admissions({ connections: 3, connectionsPerAddress: 1 }, new Memory(1_000_000));
    const first = admitted(admissions, '192.0.2.1');
    first.exempt();
    const second = admitted(admissions, '192.0.2.1');
    second.exempt();
    admitted(admissions, '192.0.2.1');
    expect(admissions.count).toBe(3);
    expect(admissions.admit('192.0.2.2')).toBeUndefined();
  });

  it('counts each connection down once, whatever is called twice or in which order', () => {
    const admissions = new Admissions({ connections: 10, connectionsPerAddress: 2 }, new Memory(1_000_000));
    const first = admitted(admissions, '192.0.2.1');
    admitted(admissions, '192.0.2.1');
    for (const _again of [1, 2, 3]) {
      first.exempt();
      first.release();
    }
    expect(admissions.count).toBe(1);
    admitted(admissions, '192.0.2.1');
    expect(admissions.admit('192.0.2.1')).toBeUndefined();
  });

  it('count whom a proxy brings against nobody until it says whose connection it is, and then against that (SE-06)', () => {
    const admissions = new Admissions({ connections: 4, connectionsPerAddress: 1 }, new Memory(1_000_000));
    const [first, second, third] = [1, 2, 3].map(() => admissions.admit(undefined));
    expect([first?.comesFrom('192.0.2.1'), second?.comesFrom('192.0.2.1')]).toEqual([true, false]);
    expect(second?.comesFrom('192.0.2.2')).toBe(true);
    expect(admissions.admit('192.0.2.2')).toBeUndefined();
    expect([admissions.count, admissions.refusedCount]).toEqual([3, 2]);
    // Said twice is said once.
    expect(first?.comesFrom('192.0.2.1')).toBe(true);
    first?.exempt();
    expect(third?.comesFrom('192.0.2.1')).toBe(true);
    expect(first?.comesFrom('192.0.2.1')).toBe(true);
    for (const admission of [first, second, third]) admission?.release();
    expect([admissions.count, third?.comesFrom('192.0.2.9')]).toEqual([0, false]);
    admitted(admissions, '192.0.2.1');
    admitted(admissions, '192.0.2.9');
  });

  it('let somebody whom a proxy brings be moved to another address, which frees the one before', () => {
    const admissions = new Admissions({ connections: 9, connectionsPerAddress: 1 }, new Memory(1_000_000));
    const moving = admitted(admissions, '192.0.2.1');
    expect(moving.comesFrom('192.0.2.2')).toBe(true);
    admitted(admissions, '192.0.2.1');
    expect(admissions.admit('192.0.2.2')).toBeUndefined();
  });

  it('keep out whom a proxy brings from where nobody may come', () => {
    const house = { isBlocked: (address: string) => address === '192.0.2.1', makeRoom: () => false };
    const admissions = new Admissions({ connections: 1, connectionsPerAddress: 1 }, new Memory(1_000_000), house);
    const brought = admissions.admit(undefined);
    expect([brought?.comesFrom('192.0.2.1'), admissions.blockedCount, admissions.count]).toEqual([false, 1, 1]);
    expect([admissions.admit(undefined), admissions.admit('192.0.2.2'), admissions.refusedCount]).toEqual([
      undefined,
      undefined,
      2,
    ]);
    brought?.release();
    admitted(admissions, '192.0.2.2');
  });

  it('take all addresses of an IPv6 network of 64 bits for one, and IPv4 addresses each for itself (SE-06)', () => {
    const admissions = new Admissions({ connections: 10, connectionsPerAddress: 1 }, new Memory(1_000_000));
    for (const address of ['2001:db8::1', '2001:db8:0:1::1', '::1', '::ffff:192.0.2.1', '::ffff:192.0.2.2']) {
      admitted(admissions, address);
    }
    expect(admissions.admit('2001:db8:0:0:ffff::2')).toBeUndefined();
    expect(admissions.admit('2001:db8:0:1:2:3:4:5')).toBeUndefined();
    expect(admissions.admit('::ffff:192.0.2.1')).toBeUndefined();
  });
});
