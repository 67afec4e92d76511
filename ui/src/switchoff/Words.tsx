import { Button, Select, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { useLang } from '../lang/Lang';
import { Failure } from '../parts/Card';
import { useToast } from '../shell/Toasts';
import type { CallerVerdict, NewWord, Verdict, Word } from '../verdict/types';
import { say as sayWord, takeBack } from '../verdict/words';
import styles from './Words.module.css';

const ALL = 'all';
const YEAR_END = 'year_end';

/** What owners said of an operation: who, when and why; said here, and taken back. */
export function Words({ verdict }: { verdict: Verdict }) {
  const { t, f } = useLang();
  const client = useQueryClient();
  const toast = useToast();
  const [saying, setSaying] = useState(false);
  const [error, setError] = useState<Error | null>(null);

  const done = async (change: () => Promise<unknown>, words: string) => {
    setError(null);
    try {
      await change();
      await client.invalidateQueries({ queryKey: ['/verdicts'] });
      toast(words);
      return true;
    } catch (failed) {
      if (failed instanceof Error) setError(failed);
      return false;
    }
  };
  const about = (word: Word) => (word.about === 'year_end' ? t.verdict.words.yearEnd : named(word) === '' ? t.verdict.words.goneAll : t.verdict.words.goneOne(named(word)));
  return (
    <section>
      <h3>{t.verdict.words.title}</h3>
      {verdict.words.length === 0 && !saying && <p className={styles.none}>{t.verdict.words.none}</p>}
      <ul className={styles.words}>
        {verdict.words.map((it) => (
          <li key={it.id}>
            <span><b>{about(it)}.</b> {it.why}</span>
            <span className={styles.by}>
              {t.verdict.words.by(it.who, f.day(it.said))}
              <Button size="compact-xs" variant="subtle" color="gray" onClick={() => void done(() => takeBack(it.id), t.verdict.words.takenBack)}>{t.verdict.words.takeBack}</Button>
            </span>
          </li>
        ))}
      </ul>
      {error !== null && <Failure error={error} />}
      {saying ? (
        <WordForm verdict={verdict} onCancel={() => setSaying(false)} onSay={async (said) => { if (await done(() => sayWord(said), t.verdict.words.saved)) setSaying(false); }} />
      ) : (
        <Button size="compact-sm" variant="default" data-word="say" onClick={() => setSaying(true)}>{t.verdict.words.say}</Button>
      )}
    </section>
  );
}

interface FormProps {
  verdict: Verdict;
  onCancel: () => void;
  onSay: (word: NewWord) => Promise<void>;
}

function WordForm({ verdict, onCancel, onSay }: FormProps) {
  const { t } = useLang();
  const [about, setAbout] = useState(verdict.callers.length === 1 ? '0' : ALL);
  const [who, setWho] = useState('');
  const [why, setWhy] = useState('');
  const [tried, setTried] = useState(false);
  const missing = who.trim() === '' || why.trim() === '';
  const choices = [
    { value: ALL, label: t.verdict.words.goneAll },
    ...verdict.callers.slice(0, 50).map((it, index) => ({ value: String(index), label: t.verdict.words.goneOne(named(whom(it)) || t.verdict.hidden) })),
    { value: YEAR_END, label: t.verdict.words.yearEnd },
  ];
  const save = () => {
    setTried(true);
    if (missing) return;
    const caller = verdict.callers[Number(about)];
    const { operation, service } = verdict;
    void onSay({ operation, service, about: about === YEAR_END ? 'year_end' : 'gone', who: who.trim(), why: why.trim(), ...(caller === undefined || about === ALL ? {} : whom(caller)) });
  };
  return (
    <form className={styles.form} onSubmit={(event) => { event.preventDefault(); save(); }}>
      <p className={styles.none}>{t.verdict.words.intro}</p>
      <Select size="xs" label={t.verdict.words.about} data={choices} value={about} allowDeselect={false} onChange={(value) => setAbout(value ?? ALL)} />
      <TextInput size="xs" label={t.verdict.words.who} value={who} error={tried && who.trim() === ''} onChange={(event) => setWho(event.currentTarget.value)} data-autofocus />
      <TextInput size="xs" label={t.verdict.words.why} placeholder={t.verdict.words.whyPlaceholder} value={why} error={tried && why.trim() === ''} onChange={(event) => setWhy(event.currentTarget.value)} />
      {tried && missing && <p className={styles.wanted} role="alert">{t.verdict.words.wanted}</p>}
      <div className={styles.actions}>
        <Button type="submit" size="compact-sm">{t.verdict.words.save}</Button>
        <Button size="compact-sm" variant="subtle" color="gray" onClick={onCancel}>{t.cancel}</Button>
      </div>
    </form>
  );
}

type Whom = Pick<Word, 'actor' | 'user_agent' | 'address'>;

/** Whom a word must name so that it speaks for all of a caller's hosts: the last one's address is not that of the others. */
function whom({ actor, user_agent, address, addresses }: CallerVerdict): Whom {
  if (addresses > 1 && actor !== null) return { actor, user_agent: null, address: null };
  if (addresses > 1 && user_agent !== null) return { actor, user_agent, address: null };
  return { actor, user_agent, address };
}

function named({ actor, user_agent: agent, address }: Whom): string {
  return [actor, agent, address].filter((it) => it !== null).join(' · ');
}
