import { describe, expect, it } from 'vitest';

import { format } from './format';

const en = format('en', 'utc');
const fr = format('fr', 'utc');
/** Spaces that do not break differ from one release of ICU to the next. */
const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, ' ');

describe('numbers', () => {
  it('are grouped as the language does', () => {
    expect(en.count(1234567)).toBe('1,234,567');
    expect(plain(fr.count(1234567))).toBe('1 234 567');
  });

  it('as shares', () => {
    expect(en.share(10_500, 50_000)).toBe('21.0%');
    expect(plain(fr.share(10_500, 50_000))).toBe('21,0 %');
    expect(en.share(0, 0)).toBe('–');
    expect(plain(en.share(36, 389_563))).toBe('< 0.1%');
    expect(en.share(0, 389_563)).toBe('0.0%');
    expect(plain(en.share(389_562, 389_563))).toBe('> 99.9%');
    expect(en.share(389_563, 389_563)).toBe('100.0%');
  });

  it.each([
    [850, '850 µs', '850 µs'],
    [50_100, '50.1 ms', '50,1 ms'],
    [1_500_000, '1.5 s', '1,5 s'],
    [125_000_000, '2 min 5 s', '2 min 5 s'],
    [7_500_000_000, '2 h 5 min', '2 h 5 min'],
  ])('%d microseconds', (us, english, french) => {
    expect(plain(en.duration(us))).toBe(english);
    expect(plain(fr.duration(us))).toBe(french);
  });

  it('a duration that no log gives is a dash', () => {
    expect(en.duration(null)).toBe('–');
    expect(en.bytes(null)).toBe('–');
  });

  it('bytes in thousands', () => {
    expect(plain(en.bytes(999))).toBe('999 B');
    expect(plain(fr.bytes(1_234_000))).toBe('1,23 MB');
  });
});

describe('times', () => {
  const at = '2023-03-05T23:00:01.250Z';

  it('in UTC, in the words of the language', () => {
    expect(en.time(at)).toBe('5 Mar 2023, 23:00:01');
    expect(plain(fr.time(at))).toBe('5 mars 2023, 23:00:01');
    expect(en.exact(at)).toBe('5 Mar 2023, 23:00:01.250');
    expect(fr.month('2023-03')).toBe('mars 2023');
  });

  it('how long ago, in the unit that a person would choose', () => {
    const now = Date.parse('2023-03-08T23:00:01Z');
    expect(en.ago('2023-03-05T23:00:01Z', now)).toBe('3 days ago');
    expect(plain(fr.ago('2023-03-08T22:00:01Z', now))).toBe('il y a 1 heure');
    expect(en.ago('2022-03-01T22:00:01Z', now)).toBe('last year');
  });

  it('lengths', () => {
    expect(en.span(14 * 86_400_000)).toBe('14 days');
    expect(plain(fr.span(5 * 60_000))).toBe('5 minutes');
  });
});
