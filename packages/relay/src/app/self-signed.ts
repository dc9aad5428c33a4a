/** A self-signed certificate, for development mode and for a first try: ECDSA on P-256, good for every name that is given. */
import { KeyObject, randomBytes, webcrypto } from 'node:crypto';

const DAY_MS = 86_400_000;
const SIGNING = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** Certificate and key in PEM. */
export interface CertificateAndKey {
  readonly cert: string;
  readonly key: string;
}

/**
 * Makes a certificate with `names` as SAN dNSName, valid from an hour ago (clocks differ) for `days`.
 */
export async function makeSelfSigned(
  names: readonly string[],
  days: number,
  nowMs: number,
): Promise<CertificateAndKey> {
  // Most starts need no certificate of their own; the certificate library wants the other one loaded first.
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const keys = await webcrypto.subtle.generateKey(SIGNING, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    // Positive and of full length: the first octet is neither 0 nor over 0x7f.
    serialNumber: `4d${randomBytes(15).toString('hex')}`,
    name: `CN=${names[0] ?? 'localhost'}`,
    notBefore: new Date(nowMs - DAY_MS / 24),
    notAfter: new Date(nowMs + days * DAY_MS),
    signingAlgorithm: SIGNING,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
      new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns', value }))),
    ],
  });
  const key = KeyObject.from(keys.privateKey).export({ format: 'pem', type: 'pkcs8' });
  return { cert: `${certificate.toString('pem')}\n`, key: key.toString() };
}
