/** The wire vectors over the parser as Node runs it: fed with Buffers. */
import { describe } from 'vitest';
import { Parser } from '../../src/wire/index.ts';
import { describeAnnouncements, describeVectors } from './vectors.suite.ts';

describe('the worked examples are what they say', describeAnnouncements);

describe('Parser on vectors', () => {
  describeVectors(
    () => (events, limits) => new Parser(events, limits),
    (octets) => Buffer.from(octets),
  );
});
