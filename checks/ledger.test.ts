/** The ledger's own check: it must see every way in which a ledger can be untrue. */
import { describe, expect, it } from 'vitest';
import { ledgerOffences, REQUIREMENT_IDS } from './ledger.ts';

const PASSED = [
  { file: 'packages/msrp/test/wire/byte-range.test.ts', name: 'ByteRange refuses range-start 0 (F-23, F-24)' },
];

/** A ledger in which everything is open but for the rows given, by id. */
function ledger(rows: Readonly<Record<string, string>>): string {
  const lines = REQUIREMENT_IDS.map((id) => rows[id] ?? `| ${id} | MUST | both | words | open | later |`);
  return [
    '# Title',
    '',
    '| id | level | who | requirement | status | proof or reason |',
    '| --- | --- |',
    ...lines,
    '',
  ].join('\n');
}

const row = (id: string, status: string, remark: string) => `| ${id} | MUST | both | a \\| b | ${status} | ${remark} |`;

describe('ledgerOffences', () => {
  it('knows every requirement once', () => {
    expect(REQUIREMENT_IDS).toHaveLength(476);
    expect(new Set(REQUIREMENT_IDS).size).toBe(476);
    expect(REQUIREMENT_IDS.slice(0, 2)).toEqual(['F-01', 'F-02']);
  });

  it('finds nothing in a ledger that tells the truth', () => {
    const proved = {
      'F-23': row('F-23', 'proved', 'byte-range.test.ts'),
      'F-24': row('F-24', 'proved', '`wire/byte-range.test.ts`, byte-range.test.ts'),
      'U-01': row('U-01', 'not applicable', 'no such thing here'),
    };
    expect(ledgerOffences(ledger(proved), PASSED)).toEqual([]);
  });

  const bad: readonly (readonly [what: string, id: string, text: string, offence: RegExp])[] = [
    ['a row that is missing', 'U-02', '', /^U-02 is missing$/],
    [
      'a row that stands there twice',
      'U-02',
      `${row('U-02', 'open', 'x')}\n${row('U-02', 'open', 'x')}`,
      /^U-02 stands there 2 times$/,
    ],
    [
      'a requirement that does not exist',
      'U-02',
      `${row('U-02', 'open', 'x')}\n${row('U-99', 'open', 'x')}`,
      /U-99 is no requirement/,
    ],
    ['a status that does not exist', 'U-02', row('U-02', 'done', 'x'), /line \d+: U-02 has the status "done"/],
    ['an open row without a word', 'U-02', row('U-02', 'open', ''), /nothing says what it waits for/],
    ['a row that does not apply without a word', 'U-02', row('U-02', 'not applicable', ''), /nothing says why/],
    ['a proof that is no test file', 'U-02', row('U-02', 'proved', 'by name'), /"by name" as its proof/],
    [
      'a proof in a file that did not run',
      'F-23',
      row('F-23', 'proved', 'uri.test.ts'),
      /uri\.test\.ts, where no test passed/,
    ],
    [
      'a proof in a file of a like name',
      'F-23',
      row('F-23', 'proved', 'range.test.ts'),
      /range\.test\.ts, where no test passed/,
    ],
    ['a proof that no test names', 'F-02', row('F-02', 'proved', 'byte-range.test.ts'), /no passed test names it/],
    [
      'a second proof that fails',
      'F-23',
      row('F-23', 'proved', 'byte-range.test.ts, uri.test.ts'),
      /uri\.test\.ts, where no test/,
    ],
  ];
  for (const [what, id, text, offence] of bad) {
    it(`finds ${what}`, () => {
      const offences = ledgerOffences(ledger({ [id]: text }), PASSED);
      expect(offences).toHaveLength(1);
      expect(offences[0]).toMatch(offence);
    });
  }

  it('takes an id only as a whole word', () => {
    const named = (name: string) =>
      ledgerOffences(ledger({ 'F-02': row('F-02', 'proved', 'a.test.ts') }), [{ file: 'a.test.ts', name }]);
    expect(named('reads (F-02)')).toEqual([]);
    expect(named('F-02: reads')).toEqual([]);
    expect(named('reads (AF-02)')).toHaveLength(1);
    expect(named('reads (F-021)')).toHaveLength(1);
  });
});
