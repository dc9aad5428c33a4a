/** Makes certificates for tests: an authority of its own for each call of `makeAuthority`, ECDSA on P-256. */
import './reflect-metadata.ts';
import {
  BasicConstraintsExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const HOUR_MS = 3_600_000;

/** What a certificate says; times are counted from now. */
export interface CertificateParts {
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly commonName?: string;
  /** An hour from now when absent; negative for a certificate that has expired. */
  readonly expiresInMs?: number;
}

/** A certificate and its private key, both PEM. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

/** An authority that nobody knows but who is given its certificate. */
export interface Authority {
  readonly cert: string;
  issue(parts: CertificateParts): Promise<Identity>;
}

export async function makeAuthority(): Promise<Authority> {
  const name = 'CN=Test authority';
  const keys = await makeKeys();
  const root = await X509CertificateGenerator.createSelfSigned({
    name,
    keys,
    signingAlgorithm: ALGORITHM,
    notBefore: new Date(Date.now() - HOUR_MS),
    notAfter: new Date(Date.now() + HOUR_MS),
    extensions: [new BasicConstraintsExtension(true, undefined, true)],
  });
  return {
    cert: root.toString('pem'),
    issue: async (parts) => {
      const own = await makeKeys();
      const certificate = await X509CertificateGenerator.create({
        subject: `CN=${parts.commonName ?? 'unnamed'}`,
        issuer: name,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: ALGORITHM,
        notBefore: new Date(Date.now() - 2 * HOUR_MS),
        notAfter: new Date(Date.now() + (parts.expiresInMs ?? HOUR_MS)),
        extensions: alternativeNames(parts),
      });
      const key = PemConverter.encode(await crypto.subtle.exportKey('pkcs8', own.privateKey), 'PRIVATE KEY');
      return { cert: certificate.toString('pem'), key };
    },
  };
}

function alternativeNames({ dnsNames = [], ipAddresses = [] }: CertificateParts): SubjectAlternativeNameExtension[] {
  const names = [
    ...dnsNames.map((value) => ({ type: 'dns', value }) as const),
    ...ipAddresses.map((value) => ({ type: 'ip', value }) as const),
  ];
  return names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)];
}

function makeKeys() {
  return crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}
