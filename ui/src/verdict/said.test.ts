import { expect, it } from 'vitest';

import { format } from '../format/format';
import { en } from '../lang/en';
import { fr } from '../lang/fr';
import { sentence, whenSafe } from './said';
import type { Verdict } from './types';

it('makes a sentence of what the server says', () => {
  expect(sentence('the moon is full')).toBe('The moon is full.');
  expect(sentence('élodie dit que c’est fini.')).toBe('Élodie dit que c’est fini.');
});

it('says from when on, or that silence does not suffice', () => {
  const verdict = (state: Verdict['state'], on: string | null) => ({ state, safe_on: on }) as Verdict;
  const english = (it: Verdict) => whenSafe(it, en, format('en', 'utc'));
  expect(english(verdict('silent', '2024-01-02T00:00:00Z'))).toBe('safe on 2 Jan 2024, if nobody calls');
  expect(english(verdict('silent', null))).toBe('silence alone will not prove it');
  expect(english(verdict('retired', '2023-01-02T00:00:00Z'))).toBe('may be switched off');
});

it('has words for every condition in each language', () => {
  expect(Object.keys(fr.verdict.gates)).toEqual(Object.keys(en.verdict.gates));
  expect(Object.keys(fr.verdict.states)).toEqual(Object.keys(en.verdict.states));
});
