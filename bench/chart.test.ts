/** The chart of the README: well-formed, every contender in it, lengths that are true. */
import { describe, expect, it } from 'vitest';
import { chart } from './chart.ts';
import { messagesAt, unableTo } from './invented.ts';

describe('chart', () => {
  const svg = chart([messagesAt('ours', [5]), messagesAt('Kamailio', [20]), unableTo('haproxy', 'no <AUTH> & such')]);

  it('draws bars as long as their figures are to each other', () => {
    const lengths = [...svg.matchAll(/<rect [^>]*width="([\d.]+)"/g)].map(([, width]) => Number(width));
    expect(lengths).toHaveLength(2);
    expect(lengths[1]! / lengths[0]!).toBeCloseTo(4, 2);
  });

  it('names each contender, its figure and its ratio to ours', () => {
    expect(svg).toContain('>Kamailio</text>');
    expect(svg).toContain('>20.0 µs  x 4.00</text>');
  });

  it('says why a bar is not there, with its characters escaped', () => {
    expect(svg).toContain('>(no &lt;AUTH&gt; &amp; such)</text>');
  });

  it('has a text colour for dark pages', () => {
    expect(svg).toMatch(/prefers-color-scheme: dark/);
  });

  it('closes what it opens', () => {
    const open: string[] = [];
    for (const [, end, name = '', closed] of svg.matchAll(/<(\/?)(\w+)[^>]*?(\/?)>/g)) {
      if (end === '/') expect(open.pop()).toBe(name);
      else if (closed === '') open.push(name);
    }
    expect(open).toEqual([]);
  });
});
