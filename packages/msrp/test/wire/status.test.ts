import { describe, expect, it } from 'vitest';
import { commentOf, isSuccess } from '../../src/wire/status.ts';

describe('commentOf', () => {
  it.each([
    [200, 'OK'],
    [400, 'Bad Request'],
    [401, 'Unauthorized'],
    [403, 'Forbidden'],
    [408, 'Request Timeout'],
    [413, 'Message too large'],
    [415, 'Media type not supported'],
    [423, 'Interval Out-of-Bounds'],
    [481, 'Session does not exist'],
    [501, 'Unknown method'],
    [506, 'Session in use on another connection'],
  ])('%i is %s', (status, comment) => {
    expect(commentOf(status)).toBe(comment);
  });

  it.each([299, 404, 424, 425, 428, 500, 503, 599])(
    'knows nothing of %i, which this project never makes (EC-13)',
    (status) => {
      expect(commentOf(status)).toBe('');
    },
  );
});

describe('isSuccess', () => {
  it.each([
    [200, true],
    [201, true],
    [299, true],
    [199, false],
    [300, false],
    [100, false],
    [408, false],
    [599, false],
    [0, false],
  ])('%i: %s (R-19)', (status, success) => {
    expect(isSuccess(status)).toBe(success);
  });
});
