import { describe, expect, it } from 'vitest';

import { format } from '../format/format';
import { en } from '../lang/en';
import { fr } from '../lang/fr';
import { refusals } from './refused';

const some = [{ reason: 'network', count: 0 }, { reason: 'line', count: 1 }, { reason: 'token', count: 1_204 }, { reason: 'body', count: 2 }];

describe('what a source refused', () => {
  it('is said by reason in both languages, the most frequent first', () => {
    expect(refusals(some, en, format('en', 'utc'))).toBe('1,204 without the right token, 2 bodies too large or unreadable and 1 line too long');
    expect(refusals(some, fr, format('fr', 'utc')).replace(/\s/g, ' ')).toBe('1 204 sans le bon jeton, 2 corps trop grands ou illisibles et 1 ligne trop longue');
  });

  it('is nothing where nothing was refused, and a reason that nobody has words for is named', () => {
    expect(refusals([{ reason: 'line', count: 0 }], en, format('en', 'utc'))).toBe('');
    expect(refusals([{ reason: 'moon', count: 3 }], en, format('en', 'utc'))).toBe('3 (moon)');
  });

  it('has words for every reason', () => {
    for (const words of [en.settings.refusedWords, fr.settings.refusedWords]) expect(Object.keys(words)).toEqual(['network', 'token', 'tls', 'line', 'body', 'memory', 'connections', 'spool', 'disk']);
  });
});
