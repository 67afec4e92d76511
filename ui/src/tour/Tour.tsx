import { Button } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { useNavigate } from 'react-router';

import { useLang } from '../lang/Lang';
import { useKeys } from '../shell/keys';
import { Icon } from '../theme/Icon';
import { parseRange } from '../view/time';
import { useView } from '../view/useView';
import { LiveStep } from './LiveStep';
import { moved, STEPS, WHERE, type Step } from './steps';
import styles from './Tour.module.css';

interface Props {
  step: Step;
  onStep: (step: Step) => void;
  onEnd: () => void;
}

/** What one is looking at, and what to click next; only where the server is a demonstration. */
export function Tour({ step, onStep, onEnd }: Props) {
  const { t } = useLang();
  const { link } = useView();
  const navigate = useNavigate();
  const words = t.tour.steps[step];
  const at = STEPS.indexOf(step);

  const show = (next: Step) => {
    const { path, time } = WHERE[next];
    const range = parseRange(time);
    onStep(next);
    void navigate(link(path, { typed: '', pills: [], paused: false, ...(range === undefined ? {} : { range }) }));
  };
  useKeys({ '.': () => show(moved(step, 1)), ',': () => show(moved(step, -1)) });

  // Who reads with their ears hears each step, once the first has been taken.
  const text = useRef<HTMLDivElement>(null);
  const first = useRef(true);
  useEffect(() => {
    if (!first.current) text.current?.focus({ preventScroll: true });
    first.current = false;
  }, [step]);

  return (
    <aside className={styles.tour} aria-label={t.tour.title} data-tour={step}>
      <div className={styles.head}>
        <span className="num">{t.tour.of(String(at + 1), String(STEPS.length))}</span>
        <span className={styles.dots} aria-hidden="true">
          {STEPS.map((it) => <span key={it} className={it === step ? styles.here : ''} />)}
        </span>
        <button type="button" className={`plain ${styles.end}`} aria-label={t.tour.end} onClick={onEnd}><Icon name="close" size={15} /></button>
      </div>
      <div ref={text} tabIndex={-1} className={styles.text}>
        <h2>{words.title}</h2>
        <p>{words.text}</p>
        <p className={styles.next}><Icon name="right" size={14} /><span>{words.next}</span></p>
      </div>
      <div className={styles.actions}>
        <Button size="compact-sm" variant="subtle" color="gray" disabled={at === 0} onClick={() => show(moved(step, -1))}>{t.tour.back}</Button>
        <span className={styles.space} />
        {step === 'live' ? <LiveStep /> : (
          <>
            <Button size="compact-sm" variant="default" onClick={() => show(step)}>{t.tour.there}</Button>
            <Button size="compact-sm" onClick={() => show(moved(step, 1))}>{t.tour.next}</Button>
          </>
        )}
      </div>
    </aside>
  );
}
