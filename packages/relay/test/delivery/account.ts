/** Holds what senders were told against what a receiver got. */
import { readFileSync } from 'node:fs';
import type { Load, Sent, Span } from './load.ts';

/** Counts of messages that ask for reports, and everything that should not be. */
export interface Account {
  readonly sent: number;
  /** Answered 200. Of those: nothing was reported, and all is in the file of the receiver; or something was reported. */
  readonly accepted: number;
  readonly delivered: number;
  readonly reported: number;
  /** Answered with an error; not answered because the connection ended. */
  readonly refused: number;
  readonly unanswered: number;
  /** Every status that stood in a response with an error, and in a REPORT. */
  readonly refusals: readonly number[];
  readonly reasons: readonly (string | undefined)[];
  readonly offences: readonly string[];
}

/** @param log - the file that the receiver wrote. */
export function accountOf(load: Load, log: string): Account {
  const got = readLog(log);
  const all = [...load.sent.values()];
  const asking = all.filter(({ asksForReports }) => asksForReports);
  const accepted = asking.filter(({ responses }) => responses[0] === 200);
  const refused = asking.filter(({ responses: [status] }) => status !== undefined && status !== 200);
  const reported = accepted.filter(({ reports }) => reports.length > 0);
  return {
    sent: asking.length,
    accepted: accepted.length,
    delivered: accepted.length - reported.length,
    reported: reported.length,
    refused: refused.length,
    unanswered: asking.filter(({ responses }) => responses.length === 0).length,
    refusals: [...new Set(refused.flatMap(({ responses }) => responses))],
    reasons: [...new Set(all.flatMap(({ reports }) => reports.map(({ status }) => status)))],
    offences: [...load.offences, ...all.flatMap((sent) => offencesOf(sent, got.get(sent.messageId) ?? []))],
  };
}

/** The last line is left out when the receiver was killed while it wrote it. */
function readLog(log: string): Map<string, Span[]> {
  const got = new Map<string, Span[]>();
  for (const line of readFileSync(log, 'latin1').split('\n').slice(0, -1)) {
    const [messageId = '', start, end] = line.split(' ');
    const span = { start: Number(start), end: Number(end) };
    const known = got.get(messageId);
    if (known === undefined) got.set(messageId, [span]);
    else known.push(span);
  }
  return got;
}

function offencesOf({ messageId, octets, asksForReports, responses, reports }: Sent, got: readonly Span[]): string[] {
  const heard = `${messageId} (${responses.join()}; reported ${texts(reports)}; got ${texts(got)})`;
  const offences: string[] = [];
  const isAccepted = responses[0] === 200;
  if (responses.length > 1) offences.push(`${heard} was answered twice`);
  if (!asksForReports && responses.length + reports.length > 0) offences.push(`${heard} wanted to hear nothing`);
  if (!isAccepted && reports.length > 0) offences.push(`${heard} was reported as well`);
  if (overlap(reports)) offences.push(`${heard} was reported twice`);
  if (overlap(got)) offences.push(`${heard} came twice`);
  if (isAccepted && !covers([...got, ...reports], octets)) offences.push(`${heard} is lost`);
  if (responses.length > 0 && !isAccepted && covers(got, octets)) offences.push(`${heard} was refused and delivered`);
  return offences;
}

/** Whether any octet is in two of them. */
export function overlap(spans: readonly Span[]): boolean {
  const ordered = spans.toSorted((a, b) => a.start - b.start);
  return ordered.some(({ start }, index) => start <= (ordered[index - 1]?.end ?? 0));
}

/** Whether they are all of `octets` octets. */
export function covers(spans: readonly Span[], octets: number): boolean {
  let covered = 0;
  for (const { start, end } of spans.toSorted((a, b) => a.start - b.start)) {
    if (start <= covered + 1) covered = Math.max(covered, end);
  }
  return covered === octets;
}

function texts(spans: readonly Span[]): string {
  return spans.map(({ start, end }) => `${start}-${end}`).join(' ');
}
