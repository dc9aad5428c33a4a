/**
 * The ledger of requirements: one Markdown row for each, which says where it is proved, why it does
 * not apply, or what later piece of work it waits for. A row that claims a proof is checked against
 * the tests that passed: each file named must hold one whose full name contains the row's id.
 */

/** How many requirements each area has; their ids run from 01 without gaps. */
const AREAS: Readonly<Record<string, number>> = {
  ...{ F: 34, U: 25, T: 18, S: 29, R: 20, P: 19, X: 20, FW: 23, AU: 60, CH: 27, CN: 32 },
  ...{ DN: 12, FC: 10, EC: 13, SE: 15, WS: 27, CM: 17, MP: 11, DC: 7, SD: 11, FT: 12, CP: 15, CL: 19 },
};

/** Every id that the ledger must hold, in order. */
export const REQUIREMENT_IDS: readonly string[] = Object.entries(AREAS).flatMap(([area, count]) =>
  Array.from({ length: count }, (_, index) => `${area}-${String(index + 1).padStart(2, '0')}`),
);

/** A test that passed in this run. */
export interface PassedTest {
  /** Path from the root of the workspace. */
  readonly file: string;
  /** Names of its groups and its own. */
  readonly name: string;
}

interface Row {
  readonly line: number;
  readonly id: string;
  readonly status: string;
  /** The last column: files that prove it, a reason, or the work it waits for. */
  readonly remark: string;
}

/** Everything wrong with the ledger, one line each; nothing when it tells the truth. */
export function ledgerOffences(markdown: string, passed: readonly PassedTest[]): string[] {
  const rows = readRows(markdown);
  const counts = new Map<string, number>();
  for (const { id } of rows) counts.set(id, (counts.get(id) ?? 0) + 1);
  const missing = REQUIREMENT_IDS.filter((id) => !counts.has(id)).map((id) => `${id} is missing`);
  const repeated = [...counts]
    .filter(([, times]) => times > 1)
    .map(([id, times]) => `${id} stands there ${times} times`);
  return [...missing, ...repeated, ...rows.flatMap((row) => rowOffences(row, passed))];
}

function readRows(markdown: string): Row[] {
  return markdown.split('\n').flatMap((text, index) => {
    const cells = text.split(/(?<!\\)\|/).map((cell) => cell.trim());
    const id = cells[1] ?? '';
    if (!/^[A-Z]{1,2}-\d+$/.test(id)) return [];
    return [{ line: index + 1, id, status: cells.at(-3) ?? '', remark: cells.at(-2) ?? '' }];
  });
}

function rowOffences({ line, id, status, remark }: Row, passed: readonly PassedTest[]): string[] {
  const wrong = (what: string) => `line ${line}: ${id} ${what}`;
  if (!REQUIREMENT_IDS.includes(id)) return [wrong('is no requirement')];
  switch (status) {
    case 'proved':
      return proofOffences(id, remark, passed).map(wrong);
    case 'open':
      return remark === '' ? [wrong('is open, but nothing says what it waits for')] : [];
    case 'not applicable':
      return remark === '' ? [wrong('does not apply, but nothing says why')] : [];
    default:
      return [wrong(`has the status "${status}"; there are: proved, open, not applicable`)];
  }
}

/** Files are named by the end of their path, as much of it as it takes, with commas between. */
function proofOffences(id: string, remark: string, passed: readonly PassedTest[]): string[] {
  const files = remark.split(',').map((file) => file.trim().replaceAll('`', ''));
  const whole = new RegExp(`(?<![\\w-])${id}(?!\\w)`);
  return files.flatMap((file) => {
    if (!file.endsWith('.test.ts')) return [`names "${file}" as its proof, which is no test file`];
    const inFile = passed.filter((test) => `/${test.file}`.endsWith(`/${file}`));
    if (inFile.length === 0) return [`is said to be proved in ${file}, where no test passed`];
    return inFile.some(({ name }) => whole.test(name))
      ? []
      : [`is said to be proved in ${file}, where no passed test names it`];
  });
}
