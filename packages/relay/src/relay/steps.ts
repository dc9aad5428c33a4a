/** What is told of a request or response to whoever follows its session. */
import { firstOf, type Head } from 'msrp/wire';
import type { Flow } from './flow.ts';
import type { Hop } from './hop.ts';
import type { Step } from './ports.ts';

/** A step of a request that goes by `flow`, at its ingress. */
export function stepOfRequest(step: Step['step'], flow: Flow, head: Head, flag?: string): Step {
  const known = { ...stepOfHead(step, flow.ingress, head), sessionUris: flow.sessionUris };
  return flag === undefined ? known : { ...known, flag };
}

/** A step of a request for which no way was found; the session is the one that it names. */
export function stepOfHead(step: Step['step'], hop: Hop, head: Head): Step {
  const { method, transactionId, messageId, byteRange, failureReport, successReport, toPath, fromPath } = head;
  const range = byteRange === undefined ? {} : { range: rangeText(byteRange.start, byteRange.end, byteRange.total) };
  const reports = method === 'SEND' ? { failureReport, successReport } : {};
  const sessionUris = [firstOf(toPath)];
  return {
    ...{ step, sessionUris, method, connection: hop.number, transactionId, messageId: printable(messageId), ...range },
    ...{ ...reports, toPath: printable(toPath), fromPath: printable(fromPath) },
  };
}

/** What terminals obey, or take for the end of a line: a head that is malformed may have any of it. */
const UNSAFE_CHARACTER = /[\p{Cc}\u2028\u2029]/gu;

/** Text of a peer, to be shown to people. */
function printable(text: string): string {
  return text.replace(UNSAFE_CHARACTER, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** A range of octets as the wire has it. */
export function rangeText(start: number, end: number | undefined, total: number | undefined): string {
  return `${start}-${end ?? '*'}/${total ?? '*'}`;
}
