/** Certificates made on the spot: an authority of the test's own and leaves that it signs. ECDSA P-256, leaves also RSA. */
import { webcrypto } from 'node:crypto';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const RSA = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: Uint8Array.of(1, 0, 1),
} as const;
const DAY_MS = 86_400_000;

/** What `node:tls` wants of one side, PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** What a leaf says about itself. By default it is valid from yesterday until tomorrow. */
export interface LeafOptions {
  /** SAN dNSNames. */
  readonly dnsNames?: readonly string[];
  /** SAN iPAddresses. */
  readonly addresses?: readonly string[];
  /** The CN, which nobody should look at; the first dNSName by default. */
  readonly commonName?: string;
  /** ECDSA on P-256 by default; RSA, with 2048 bits, for suites that need it: takes a while to make. */
  readonly kind?: 'ECDSA' | 'RSA';
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

/** A certificate authority that lives as long as the test. */
export interface Authority {
  /** The authority's own certificate, PEM: what a peer must trust. */
  readonly ca: string;
  issue(options: LeafOptions): Promise<Certificate>;
}

/** Makes an authority; two of them trust nothing of each other. */
export async function createAuthority(name = 'Test authority'): Promise<Authority> {
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: ALGORITHM,
    ...validity({}),
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  });
  return {
    ca: certificate.toString('pem'),
    async issue(options) {
      const leafKeys = await newKeys(options.kind);
      const leaf = await x509.X509CertificateGenerator.create({
        subject: `CN=${options.commonName ?? options.dnsNames?.[0] ?? 'nameless'}`,
        issuer: certificate.subject,
        publicKey: leafKeys.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: ALGORITHM,
        ...validity(options),
        extensions: leafExtensions(options),
      });
      return { cert: leaf.toString('pem'), key: await privateKeyPem(leafKeys) };
    },
  };
}

/** A certificate that vouches for itself: nobody's authority. */
export async function selfSigned(options: LeafOptions = {}): Promise<Certificate> {
  const keys = await newKeys(options.kind);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${options.commonName ?? options.dnsNames?.[0] ?? 'nameless'}`,
    keys,
    signingAlgorithm: ALGORITHM,
    ...validity(options),
    extensions: leafExtensions(options),
  });
  return { cert: certificate.toString('pem'), key: await privateKeyPem(keys) };
}

function leafExtensions({ dnsNames = [], addresses = [], kind = 'ECDSA' }: LeafOptions): x509.Extension[] {
  const names: x509.JsonGeneralNames = [
    ...dnsNames.map((value) => ({ type: 'dns', value }) as const),
    ...addresses.map((value) => ({ type: 'ip', value }) as const),
  ];
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(
      x509.KeyUsageFlags.digitalSignature | (kind === 'RSA' ? x509.KeyUsageFlags.keyEncipherment : 0),
      true,
    ),
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
    ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
  ];
}

function validity({ notBefore, notAfter }: { notBefore?: Date; notAfter?: Date }): { notBefore: Date; notAfter: Date } {
  return {
    notBefore: notBefore ?? new Date(Date.now() - DAY_MS),
    notAfter: notAfter ?? new Date(Date.now() + DAY_MS),
  };
}

function newKeys(kind: LeafOptions['kind'] = 'ECDSA'): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(kind === 'RSA' ? RSA : ALGORITHM, true, ['sign', 'verify']);
}

async function privateKeyPem(keys: webcrypto.CryptoKeyPair): Promise<string> {
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return x509.PemConverter.encode(pkcs8, 'PRIVATE KEY');
}
