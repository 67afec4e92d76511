import { Button } from '@mantine/core';
import { Link, useNavigate } from 'react-router';

import { useCalls } from '../api/queries';
import { Status } from '../calls/Cell';
import { useLang } from '../lang/Lang';
import { Card } from '../parts/Card';
import { Logged } from '../parts/Logged';
import { NoCalls } from '../parts/NoCalls';
import type { Pill } from '../query/pill';
import { useView } from '../view/useView';
import styles from './LatestCalls.module.css';

const SHOWN = 12;

/** The newest raw lines. */
export function LatestCalls({ extra }: { extra: readonly Pill[] }) {
  const { t, f } = useLang();
  const { link } = useView();
  const navigate = useNavigate();
  const calls = useCalls(extra, SHOWN);
  const all = calls.data?.pages[0]?.calls ?? [];
  const to = link('/calls', { add: [...extra] });
  return (
    <Card title={t.operations.rawLines} query={calls} controls={<Button component={Link} to={to} size="compact-xs" variant="subtle">{t.operations.seeAll}</Button>}>
      {all.length === 0 ? (
        <NoCalls />
      ) : (
        <ul className={styles.lines}>
          {all.map((it) => (
            <li key={it.key}>
              <button type="button" className={`plain ${styles.line}`} onClick={() => void navigate(link('/calls', { add: [...extra] }, { call: it.key }))}>
                <span className="num dim">{it.time === null ? '–' : f.time(it.time)}</span>
                <Status status={it.status} />
                <span className="mono truncate"><Logged text={it.line} /></span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
