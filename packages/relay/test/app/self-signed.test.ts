import { createPrivateKey, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { makeSelfSigned } from '../../src/app/self-signed.ts';

const NOW_MS = Date.UTC(2026, 4, 1);

describe('a self-signed certificate', () => {
  it('carries its names, fits its key and is no authority', async () => {
    const { cert, key } = await makeSelfSigned(['localhost', 'relay.example.org'], 10, NOW_MS);
    const certificate = new X509Certificate(cert);
    expect(certificate.subjectAltName).toBe('DNS:localhost, DNS:relay.example.org');
    expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.ca).toBe(false);
    expect(certificate.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
    expect(new Date(certificate.validFrom).getTime()).toBe(NOW_MS - 3_600_000);
    expect(new Date(certificate.validTo).getTime()).toBe(NOW_MS + 10 * 86_400_000);
  });

  it('has a key of its own every time', async () => {
    const [one, two] = await Promise.all([
      makeSelfSigned(['a.example.org'], 1, NOW_MS),
      makeSelfSigned(['a.example.org'], 1, NOW_MS),
    ]);
    expect(one?.key).not.toBe(two?.key);
    expect(new X509Certificate(one?.cert ?? '').serialNumber).not.toBe(
      new X509Certificate(two?.cert ?? '').serialNumber,
    );
  });
});
