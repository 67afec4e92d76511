/** Invented verdicts on the invented bank's operations: one of each kind that asks for a look. */

import type { CallerVerdict, Expected, Reason, Verdict, Verdicts, Word } from '../src/verdict/types.ts';
import { DECLARED, END, MONOLITH } from './story.ts';

const DAY = 86_400_000;
const day = (days: number): string => new Date(END + days * DAY).toISOString();

const PORTAL = caller({ actor: 'web portal', address: '10.0.1.11', addresses: 2, user_agent: 'PortailWeb/4.2 (Mozilla/5.0; Linux x86_64)', calls: 2_104, cadence: 'every 5 minutes, 07:00-21:00', certainty: 'cadence', hits: 44, p_alive: 0.98, next_expected: day(0.01) });
const BRANCH = caller({ actor: 'branch tool', address: '10.0.2.21', addresses: 3, user_agent: 'OutilAgence/1.9', calls: 811, cadence: 'irregular, on workdays, 08:00-18:00', p_alive: 0.97 });
const CURL = caller({ address: '10.0.9.4', user_agent: 'curl/7.81.0', calls: 1_433, cadence: 'every day at 02:00', certainty: 'cadence', hits: 42, misses: 1, p_alive: 0.96, next_expected: day(0.68) });
const WGET = caller({ address: '10.0.9.7', user_agent: 'Wget/1.21.2', calls: 540, cadence: 'every Monday at 06:30', certainty: 'cadence', hits: 6, p_alive: 0.93, next_expected: day(5.87) });
const MONTHLY = caller({ address: '10.0.9.15', user_agent: 'compte-virements.sh', calls: 3, cadence: '18th day of the month at 09:36', certainty: 'suspected', hits: 3, p_alive: 0.5, next_expected: day(30) });

/** The verdicts as of the last call, with what was said since, in a language. */
export function verdicts(words: readonly Word[], lang: string | null): Verdicts {
  const french = lang === 'fr';
  const operations = DECLARED.map(({ operation }): Verdict => {
    const said = words.filter((it) => it.operation === operation);
    const { told, ...made } = MADE[operation]?.() ?? { ...BASE, state: 'never_seen', callers: [], told: [] };
    const all = [...told, ...said.map((word) => reason('word', `${word.who} says that nobody calls any more: ${word.why}`, `${word.who} dit que plus personne n’appelle : ${word.why}`, { word }))];
    const details = all.map(({ code, texts, values }): Reason => ({ code, text: texts[french ? 1 : 0], values }));
    const callers = made.callers.map((it) => ({ ...it, cadence: french ? FRENCH[it.cadence] ?? it.cadence : it.cadence }));
    return { ...made, operation, callers, words: said, reason_details: details, reasons: details.map((it) => it.text) };
  });
  return { at: new Date(END).toISOString(), zone: 'UTC', clocks: [], alpha: 0.05, is_safe: false, gaps: [], lacking: [], operations, expected: expected(operations) };
}

/** A reason in English and in French, as the server would say it. */
interface Told { code: string; texts: readonly [string, string]; values: Record<string, never> }

const FRENCH: Record<string, string> = {
  'every 5 minutes, 07:00-21:00': 'toutes les 5 minutes, 07:00-21:00',
  'irregular, on workdays, 08:00-18:00': 'irrégulier, les jours ouvrés, 08:00-18:00',
  'every day at 02:00': 'chaque jour à 02:00',
  'every Monday at 06:30': 'chaque lundi à 06:30',
  '18th day of the month at 09:36': 'le 18 du mois à 09:36',
};

function expected(operations: readonly Verdict[]): Expected[] {
  const all = operations.flatMap((it) => it.callers.flatMap((who): Expected[] => {
    if (who.next_expected === null || who.certainty === 'none') return [];
    const every = /^(every day|chaque jour)/.test(who.cadence) ? DAY : /Monday|lundi/.test(who.cadence) ? 7 * DAY : 40 * DAY;
    const first = Date.parse(who.next_expected);
    const times = Array.from({ length: 28 }, (_, n) => first + n * every).filter((time) => time < END + 28 * DAY);
    return times.map((time) => ({ at: new Date(time).toISOString(), operation: it.operation, service: it.service, who: `${who.actor ?? who.user_agent ?? ''} from ${who.address ?? ''}`, cadence: who.cadence, p_alive: who.p_alive }));
  }));
  return all.sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

function caller(of: Partial<CallerVerdict>): CallerVerdict {
  return {
    actor: null, address: null, user_agent: null, addresses: 1, calls: 1, first_call: day(-43), last_call: day(-0.3), cadence: 'irregular', certainty: 'none',
    hits: 0, misses: 0, missed_in_a_row: 0, next_expected: null, p_silence: 0.9, p_alive: 0.5, is_hidden: false, has_word: false, ...of,
  };
}

const GATES = [
  { gate: 'month_end', is_met: true, from: day(-17) }, { gate: 'quarter_end', is_met: true, from: day(-17) }, { gate: 'year_end', is_met: false, from: '2024-01-02T00:00:00Z' },
  { gate: 'two_periods', is_met: true, from: day(-10) }, { gate: 'week', is_met: false, from: day(4) }, { gate: 'coverage', is_met: true, from: null },
  { gate: 'request_ids', is_met: false, from: null }, { gate: 'likelihood', is_met: false, from: day(154) },
];
const reason = (code: string, english: string, french: string, values: object): Told => ({ code, texts: [english, french], values: values as Record<string, never> });
const likelihood = (any: number) => reason('likelihood', `the chance that somebody still calls is ${any * 100} %; 5.0 % is allowed`, `la probabilité que quelqu’un appelle encore est de ${any * 100} % ; 5,0 % sont permis`, { any, alpha: 0.05 });
const due = (name: string, of: CallerVerdict) => {
  const { actor, address, user_agent: agent, addresses, is_hidden: hidden, cadence, hits: kept, misses: missed, next_expected: next } = of;
  const all = kept + missed;
  return reason('due', `${name} calls ${cadence.startsWith('every') ? cadence : `on the ${cadence}`}, ${kept} of ${all} times`, `${name.replace(' from ', ' depuis ')} appelle ${FRENCH[cadence] ?? cadence}, ${kept} fois sur ${all}`, {
    who: { actor, address, user_agent: agent, addresses, is_hidden: hidden }, cadence, kept, missed, next,
  });
};
const lastCall = (at: string) => reason('last_call', 'the last call was on 18 April 2023 at 07:22, by web portal: 2 hours of silence that logs cover', 'le dernier appel date du 18 avril 2023 à 07:22, par web portal : 2 heures de silence que les journaux couvrent', { at, silent_days: 0.1 });
const safeOn = (at: string, english: string, french: string) => reason('safe_on', `if nobody calls, it is safe on ${english}`, `si personne n’appelle, elle sera sûre le ${french}`, { at });

const BASE = { service: MONOLITH, safe_on: null, p_any: 1, last_call: day(-0.1), calls: 2_900, retired: null, moved_to: null, gates: GATES, gaps: [], words: [], reasons: [], is_safe: false, unseen: { seen: 4, once: 1, next_is_new: 0.01, more: 0.5 } };

type Made = Omit<Verdict, 'operation' | 'reason_details'> & { told: Told[] };

const MADE: Record<string, () => Made> = {
  'balance and movements': () => ({ ...BASE, state: 'in_use', callers: [PORTAL, BRANCH], told: [lastCall(day(-0.1)), due('web portal', PORTAL), likelihood(1)] }),
  'internal transfer': () => ({ ...BASE, state: 'in_use', callers: [PORTAL, BRANCH, WGET], told: [due('web portal', PORTAL), due('Wget/1.21.2 from 10.0.9.7', WGET), likelihood(1)] }),
  'external transfer': () => ({
    ...BASE, state: 'residual', retired: '2023-04-01T00:00:00Z', moved_to: 'transfers', last_call: day(-0.003), callers: [MONTHLY], safe_on: day(154), p_any: 0.62,
    told: [reason('residual', '1 caller after it was retired, the last on 18 April 2023 at 09:36: compte-virements.sh from 10.0.9.15', '1 appelant après son retrait, le dernier le 18 avril 2023 à 09:36 : compte-virements.sh depuis 10.0.9.15', { callers: 1, last: day(-0.003) }), safeOn(day(154), '19 September 2023', '19 septembre 2023'), due('compte-virements.sh from 10.0.9.15', MONTHLY), likelihood(0.62)],
  }),
  'card block': () => ({ ...BASE, state: 'in_use', callers: [CURL, PORTAL], gaps: [{ from: day(-37.3), to: day(-37.1) }], told: [due('curl/7.81.0 from 10.0.9.4', CURL), due('web portal', PORTAL), likelihood(1)] }),
  'card ceiling': () => ({
    ...BASE, state: 'fading', retired: '2023-04-01T00:00:00Z', moved_to: 'cards', last_call: day(-2), calls: 611, safe_on: day(21), p_any: 0.34, callers: [{ ...BRANCH, p_alive: 0.34, last_call: day(-2) }, { ...PORTAL, p_alive: 0.0004, last_call: day(-17), next_expected: null }],
    told: [safeOn(day(21), '9 May 2023', '9 mai 2023'), reason('silent', 'branch tool called on 18 days within 43 days and has been silent for 2.0 days: 34 % if still there', 'branch tool a appelé 18 jours sur 43 jours et se tait depuis 2,0 jours : 34 % s’il est encore là', { days: 18, within: 43, silent_days: 2, chance: 0.34 }), likelihood(0.34), reason('not_watched', 'no end of a year was watched yet: 2 January 2024 is the first', 'aucune fin d’année n’a été observée : la première le sera le 2 janvier 2024', { end: 'year', until: '2024-01-02T00:00:00Z' })],
  }),
};
