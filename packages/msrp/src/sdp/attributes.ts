/** Attributes: the a= lines of a session or of one media section, by name. RFC 8866 §5.13. */
import { MsrpError } from '../base/errors.ts';
import { scan, TOKEN } from '../wire/uri-characters.ts';
import { badLine, formatLine, type SdpLine } from './lines.ts';

/** One a= line: `a=name` or `a=name:value`. */
export interface Attribute {
  readonly name: string;
  /** All that follows the first colon; undefined without a colon. */
  readonly value: string | undefined;
}

/** Where an attribute stands. */
export interface AttributeLine extends Attribute {
  readonly line: number;
}

/** All attributes among the lines, in order. */
export function attributesIn(lines: readonly SdpLine[]): AttributeLine[] {
  return lines
    .filter(({ type }) => type === 'a')
    .map(({ number, value }) => {
      const colon = value.indexOf(':');
      if (colon < 0) return { name: value, value: undefined, line: number };
      return { name: value.slice(0, colon), value: value.slice(colon + 1), line: number };
    });
}

/**
 * The attribute of a name that may stand there once.
 *
 * @throws MsrpError `MSRP_BAD_SDP` at the second one.
 */
function onlyOne(attributes: readonly AttributeLine[], name: string): AttributeLine | undefined {
  const [first, second] = attributes.filter((attribute) => attribute.name === name);
  if (second !== undefined) throw badLine(second.line, `no second a=${name}`);
  return first;
}

/**
 * Reads the value of an attribute that may stand there once.
 *
 * @param read - undefined for a value that is wrong.
 * @param expected - what the value should be, for the error.
 * @returns undefined without such an attribute.
 * @throws MsrpError `MSRP_BAD_SDP` for a wrong value or a second attribute.
 */
export function readOne<T>(
  attributes: readonly AttributeLine[],
  name: string,
  read: (value: string) => T | undefined,
  expected: string,
): T | undefined {
  const found = onlyOne(attributes, name);
  return found === undefined ? undefined : readValue(found, read, expected);
}

/** Reads the value of one attribute, as `readOne` does. */
export function readValue<T>(attribute: AttributeLine, read: (value: string) => T | undefined, expected: string): T {
  const value = read(attribute.value ?? '');
  if (value === undefined) throw badLine(attribute.line, `a=${attribute.name} with ${expected}`);
  return value;
}

/**
 * Writes one a= line.
 *
 * @throws MsrpError `MSRP_BAD_SDP` when the name is none, or the value holds CR, LF or NUL.
 */
export function formatAttribute(name: string, value?: string): string {
  if (name === '' || scan(name, 0, TOKEN) < name.length) {
    throw new MsrpError('MSRP_BAD_SDP', 'a= to be written: expected a token as its name');
  }
  return formatLine('a', value === undefined ? name : `${name}:${value}`);
}
