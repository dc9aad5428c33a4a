import { describe, expect, it } from 'vitest';
import { dispositionFor, fileNameOf } from '../../src/cli/saved-message.ts';

function nameIn(disposition: string): string | undefined {
  return fileNameOf({ header: () => disposition });
}

describe('The name of a file', () => {
  it.each([
    ['attachment; filename="report.pdf"', 'report.pdf'],
    ['attachment;filename=report.pdf', 'report.pdf'],
    ['ATTACHMENT; size=1; FileName="a b.txt"; x=y', 'a b.txt'],
    [String.raw`attachment; filename="a\"b.txt"`, 'a_b.txt'],
    ['attachment; filename="../../etc/passwd"', 'passwd'],
    [String.raw`attachment; filename="C:\\Windows\\x.dll"`, 'x.dll'],
    ['attachment; filename=".bashrc"', '_bashrc'],
    ['attachment; filename=".."', '_.'],
    ['attachment; filename="\u001b[2J.txt"', '_[2J.txt'],
    ['attachment; filename="na\u00c3\u00afve.txt"', 'naïve.txt'],
  ])('of %s is %s', (disposition, name) => {
    expect(nameIn(disposition)).toBe(name);
  });

  it.each([
    '',
    'render',
    'attachment',
    'attachment; filename=""',
    'attachment; filename="/"',
    'attachment; filename="\xff"',
  ])('is not in %s', (disposition) => {
    expect(nameIn(disposition)).toBeUndefined();
  });

  it('is never longer than a file system takes', () => {
    expect(nameIn(`attachment; filename="${'x'.repeat(1000)}"`)).toHaveLength(200);
  });

  it('comes back as it went', () => {
    expect(nameIn(dispositionFor('plain name (1).tar.gz'))).toBe('plain name (1).tar.gz');
  });
});
