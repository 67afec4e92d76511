import { describe, expect, it } from 'vitest';

import { readIgnored } from './ignored';

describe('what is ignored', () => {
  it('is so until its time is over', () => {
    expect(readIgnored('{"a": 2000, "b": 900}', 1000)).toEqual({ a: 2000 });
  });

  it.each([null, '', '[]', 'null', '7', '{"a": "soon"}', '{'])('survives what cannot be read: %s', (text) => {
    expect(readIgnored(text, 1000)).toEqual({});
  });
});
