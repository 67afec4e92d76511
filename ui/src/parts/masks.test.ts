import { describe, expect, it } from 'vitest';

import { isMasked, pieces } from './masks';

describe('masks', () => {
  it('are told from what was logged', () => {
    expect(pieces('/card/‹card›?to=‹e-mail›')).toEqual([{ text: '/card/' }, { text: '‹card›', mask: 'card' }, { text: '?to=' }, { text: '‹e-mail›', mask: 'e-mail' }]);
    expect(pieces('‹iban›‹masked›')).toEqual([{ text: '‹iban›', mask: 'iban' }, { text: '‹masked›', mask: 'masked' }]);
    expect(pieces('')).toEqual([]);
  });

  it('are only those that the server makes', () => {
    expect(pieces('‹visa›')).toEqual([{ text: '‹visa›' }]);
    expect([isMasked('x ‹card›'), isMasked('‹visa›'), isMasked('')]).toEqual([true, false, false]);
  });
});
