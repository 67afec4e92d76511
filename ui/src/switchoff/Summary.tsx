import { Skeleton } from '@mantine/core';

import { useLang } from '../lang/Lang';
import type { Verdicts } from '../verdict/types';
import styles from './Summary.module.css';

/** How far one is, in four numbers. */
export function Summary({ verdicts }: { verdicts: Verdicts | undefined }) {
  const { t, f } = useLang();
  if (verdicts === undefined) return <Skeleton height={64} radius="md" />;
  const count = (of: (it: Verdicts['operations'][number]) => boolean) => verdicts.operations.filter(of).length;
  const isSafe = (state: string) => state === 'safe' || state === 'retired';
  const numbers: [keyof typeof t.verdict.summary, number][] = [
    ['safe', count((it) => isSafe(it.state))],
    ['waiting', count((it) => !isSafe(it.state) && it.safe_on !== null && it.state !== 'residual' && it.state !== 'in_use')],
    ['open', count((it) => it.state === 'in_use' || (!isSafe(it.state) && it.state !== 'residual' && it.safe_on === null))],
    ['residual', count((it) => it.state === 'residual')],
  ];
  return (
    <dl className={styles.summary}>
      {numbers.map(([name, number]) => (
        <div key={name} className={number > 0 ? styles[name] : ''} data-summary={name}>
          <dd className="num">{f.count(number)}</dd>
          <dt>{t.verdict.summary[name](number)}</dt>
        </div>
      ))}
    </dl>
  );
}
