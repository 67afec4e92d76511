import { ActionIcon, Tooltip } from '@mantine/core';
import { useEffect, useId, useMemo, useRef, useState, type KeyboardEvent } from 'react';

import { useMeta } from '../api/queries';
import { useLang } from '../lang/Lang';
import { complete, type Completion, type Known } from '../query/complete';
import { parse, type Fault } from '../query/parse';
import { Icon } from '../theme/Icon';
import { useView } from '../view/useView';
import { Pills } from './Pills';
import styles from './QueryBar.module.css';

/** The typed query: painted as one writes, completed, and refused with a finger on what is wrong. */
export function QueryBar() {
  const { t } = useLang();
  const { view, change } = useView();
  const [draft, setDraft] = useState(view.typed);
  const [cursor, setCursor] = useState(0);
  const [chosen, setChosen] = useState(-1);
  const [listed, setListed] = useState(false);
  const [tried, setTried] = useState(view.typed !== '');
  const [scroll, setScroll] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const list = useId();
  const known = useKnown();
  const parsed = useMemo(() => parse(draft), [draft]);

  // "Back" and links change the query behind the draft.
  useEffect(() => {
    setDraft(view.typed);
    setTried(view.typed !== '');
  }, [view.typed]);

  const completions = listed ? complete(draft, cursor, known).filter((it) => draft.slice(it.start, it.end) !== it.text.trim()) : [];
  const fault = tried ? parsed.fault : undefined;

  const run = (text: string) => {
    setListed(false);
    setChosen(-1);
    setTried(true);
    if (parse(text).fault === undefined) change({ typed: text });
  };
  const put = ({ start, end, text }: Completion) => {
    const next = draft.slice(0, start) + text + draft.slice(end);
    const at = start + text.length;
    setDraft(next);
    setCursor(at);
    setChosen(-1);
    requestAnimationFrame(() => input.current?.setSelectionRange(at, at));
    input.current?.focus();
  };
  const press = (event: KeyboardEvent) => {
    const move = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (move !== 0 && completions.length > 0) {
      event.preventDefault();
      setChosen((chosen + move + completions.length + (chosen < 0 && move < 0 ? 1 : 0)) % completions.length);
    } else if (move === 1) {
      setListed(true);
    } else if ((event.key === 'Enter' || event.key === 'Tab') && completions[chosen]) {
      event.preventDefault();
      put(completions[chosen]);
    } else if (event.key === 'Enter') {
      run(draft);
    } else if (event.key === 'Escape') {
      if (completions.length > 0) setListed(false);
      else input.current?.blur();
    }
  };

  return (
    <div className={styles.query}>
      <div className={styles.row}>
        <div className={`${styles.box} ${fault ? styles.bad : ''}`}>
          <Icon name="search" size={15} />
          <div className={styles.letters}>
            <div className={styles.paint} aria-hidden="true" style={{ transform: `translateX(${-scroll}px)` }}>
              {paint(draft, parsed.tokens, fault)}
            </div>
            <input
              id="query"
              ref={input}
              className={styles.input}
              value={draft}
              spellCheck={false}
              autoComplete="off"
              autoCapitalize="off"
              placeholder={t.query.placeholder}
              aria-label={t.query.label}
              role="combobox"
              aria-expanded={completions.length > 0}
              aria-controls={list}
              aria-autocomplete="list"
              aria-activedescendant={chosen < 0 ? undefined : `${list}-${chosen}`}
              aria-invalid={fault !== undefined}
              aria-describedby={fault ? `${list}-fault` : undefined}
              onChange={(event) => { setDraft(event.target.value); setCursor(event.target.selectionStart ?? 0); setListed(true); setChosen(-1); setTried(false); }}
              onSelect={(event) => setCursor(event.currentTarget.selectionStart ?? 0)}
              onScroll={(event) => setScroll(event.currentTarget.scrollLeft)}
              onFocus={() => setListed(true)}
              onBlur={() => setListed(false)}
              onKeyDown={press}
            />
          </div>
          {draft !== '' && (
            <ActionIcon variant="subtle" color="gray" size={24} aria-label={t.query.clear} onClick={() => { setDraft(''); change({ typed: '' }); }}>
              <Icon name="close" size={14} />
            </ActionIcon>
          )}
          <Tooltip label={t.query.run}>
            <ActionIcon variant="subtle" color="gray" size={24} aria-label={t.query.run} onClick={() => run(draft)}>
              <Icon name="right" size={15} />
            </ActionIcon>
          </Tooltip>
          <kbd className={styles.slash}>/</kbd>
        </div>
        <ul id={list} role="listbox" aria-label={t.query.label} className={styles.list} hidden={completions.length === 0}>
          {completions.map((it, index) => (
            <li
              key={it.text}
              id={`${list}-${index}`}
              role="option"
              aria-selected={index === chosen}
              className={styles.option}
              onMouseDown={(event) => { event.preventDefault(); put(it); }}
            >
              <span className={styles[it.kind]}>{it.text}</span>
            </li>
          ))}
        </ul>
      </div>
      {fault && <Refusal id={`${list}-fault`} fault={fault} onMend={(text) => setDraft(draft.slice(0, fault.start) + text + draft.slice(fault.end))} />}
      <Pills />
    </div>
  );
}

function Refusal({ id, fault, onMend }: { id: string; fault: Fault; onMend: (text: string) => void }) {
  const { t } = useLang();
  const { hint } = fault;
  return (
    <p id={id} className={styles.refusal} role="alert">
      <Icon name="warning" size={14} />
      <span>
        {t.query.faults[fault.kind](fault.text, hint)}
        {fault.kind === 'unknown_field' && hint !== undefined && (
          <button type="button" className={`plain ${styles.mend}`} onClick={() => onMend(hint)}>{hint}</button>
        )}
        <span className={styles.meanwhile}>{t.query.ignored}</span>
      </span>
    </p>
  );
}

function useKnown(): Known {
  const meta = useMeta().data;
  return useMemo(
    () => ({
      service: meta?.services ?? [],
      actor: meta?.actors ?? [],
      operation: [...new Set(meta?.operations.map((it) => it.operation))],
      source: meta?.sources.map((it) => it.name) ?? [],
      method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD'],
    }),
    [meta],
  );
}

/** The draft again, coloured, behind the input's own transparent letters. */
function paint(text: string, tokens: readonly { kind: string; start: number; end: number }[], fault: Fault | undefined) {
  const pieces: { text: string; kind: string }[] = [];
  let at = 0;
  const spans = fault ? [...tokens.filter((it) => it.end <= fault.start), { ...fault, kind: 'fault' }] : tokens;
  for (const { kind, start, end } of spans) {
    if (start > at) pieces.push({ text: text.slice(at, start), kind: 'plainText' });
    // A fault after the last character needs something to be drawn under.
    pieces.push({ text: text.slice(start, end) || '\u00a0', kind });
    at = end;
  }
  pieces.push({ text: text.slice(at), kind: 'plainText' });
  return pieces.map((piece, index) => <span key={index} className={styles[piece.kind]}>{piece.text}</span>);
}
