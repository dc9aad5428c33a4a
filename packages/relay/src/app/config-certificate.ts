/** The certificate a relay presents: it fits its key, names the relay, and is in date. RFC 4976 §9.2. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { reason } from './config-file.ts';
import type { Finding } from './config-rules.ts';

/** PEM texts, as `node:tls` takes them. */
export interface TlsMaterial {
  /** Certificate chain, own certificate first. */
  readonly cert?: string;
  readonly key?: string;
  /** Authorities to verify others with; undefined: those of Node. */
  readonly ca?: string;
}

type Part = keyof TlsMaterial;

/** Where texts in PEM, or the paths of their files, may stand in a configuration. */
export type PemPath =
  | readonly ['tls', Part]
  | readonly ['relays', 'ca']
  | readonly ['credentials', number, 'ca' | 'keys'];

interface Demands {
  /** Names the certificate must carry as SAN dNSName. */
  readonly names: readonly string[];
  readonly nowMs: number;
  /** The folder that the relative path of a part starts in. */
  folderOf(path: PemPath): string;
}

/**
 * Reads what `tls` names and judges it.
 *
 * @param tls - paths, or PEM texts.
 */
export function readTlsMaterial(
  tls: { readonly [part in Part]?: string | undefined },
  demands: Demands,
): { material: TlsMaterial; findings: Finding[] } {
  const findings: Finding[] = [];
  const material: { -readonly [part in Part]?: string } = {};
  for (const part of ['cert', 'key'] as const) {
    const text = readText(['tls', part], tls[part], demands, findings);
    if (text !== undefined) material[part] = text;
  }
  const authorities = readAuthorities(['tls', 'ca'], tls.ca, demands);
  if (authorities.ca !== undefined) material.ca = authorities.ca;
  findings.push(...authorities.findings, ...checkOwn(material, demands));
  return { material, findings };
}

/** Reads the certificates of authorities that `given`, a path or PEM text, names. */
export function readAuthorities(
  path: PemPath,
  given: string | undefined,
  demands: Pick<Demands, 'folderOf'>,
): { ca: string | undefined; findings: Finding[] } {
  const findings: Finding[] = [];
  const ca = readText(path, given, demands, findings);
  const blocks = ca?.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  const isGood = blocks.length > 0 && blocks.every((block) => parseCertificate(block) !== undefined);
  if (ca !== undefined && !isGood) findings.push({ path, text: 'expected certificates in PEM, found something else' });
  return { ca, findings };
}

/** What `given` names, a path, or the text itself: PEM, or JSON. */
export function readText(
  path: PemPath,
  given: string | undefined,
  { folderOf }: Pick<Demands, 'folderOf'>,
  findings: Finding[],
): string | undefined {
  if (given === undefined || given.includes('-----BEGIN ') || /^\s*\{/.test(given)) return given;
  try {
    return readFileSync(resolve(folderOf(path), given), 'utf8');
  } catch (cause) {
    findings.push({ path, text: `expected a readable file, found one that cannot be read: ${reason(cause)}` });
    return undefined;
  }
}

function checkOwn({ cert, key }: TlsMaterial, demands: Demands): Finding[] {
  const findings: Finding[] = [];
  const certificate = cert === undefined ? undefined : parseCertificate(cert);
  if (cert !== undefined && certificate === undefined) {
    findings.push({ path: ['tls', 'cert'], text: 'expected a certificate in PEM, found something else' });
  }
  const privateKey = key === undefined ? undefined : parseKey(key);
  if (key !== undefined && privateKey === undefined) {
    findings.push({
      path: ['tls', 'key'],
      text: 'expected a private key in PEM without passphrase, found something else',
    });
  }
  if (certificate === undefined) return findings;
  if (privateKey !== undefined && !certificate.checkPrivateKey(privateKey)) {
    findings.push({ path: ['tls', 'key'], text: 'expected the key of the certificate in tls.cert, found another one' });
  }
  return [...findings, ...checkDates(certificate, demands.nowMs), ...checkNames(certificate, demands.names)];
}

function checkDates(certificate: X509Certificate, nowMs: number): Finding[] {
  const from = new Date(certificate.validFrom);
  const to = new Date(certificate.validTo);
  const found = from.getTime() > nowMs ? `not valid before ${from.toISOString()}` : `expired since ${to.toISOString()}`;
  if (from.getTime() <= nowMs && nowMs <= to.getTime()) return [];
  return [{ path: ['tls', 'cert'], text: `expected a certificate that is valid now, found one that is ${found}` }];
}

/** SAN dNSName only: a common name proves nothing (CN-07), and addresses are no names of ours (U-16). */
function checkNames(certificate: X509Certificate, names: readonly string[]): Finding[] {
  const carried = certificate.subjectAltName || 'no such names';
  return names
    .filter((name) => certificate.checkHost(name, { subject: 'never', partialWildcards: false }) === undefined)
    .map((name) => ({
      path: ['tls', 'cert'],
      text: `expected a certificate with SAN dNSName ${name}, found one with ${reason(carried)}`,
    }));
}

function parseCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function parseKey(pem: string) {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}
