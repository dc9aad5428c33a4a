import { createHmac, randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { KeyedHash } from '../../src/auth/keyed-hash.ts';

it('A keyed hash is HMAC-SHA-256', () => {
  for (let round = 0; round < 200; round += 1) {
    const key = randomBytes(32);
    const keyed = new KeyedHash(key, round);
    for (const message of [randomBytes(round), randomBytes(round)]) {
      expect(keyed.prove(message)).toEqual(createHmac('sha256', key).update(message).digest());
    }
  }
});
