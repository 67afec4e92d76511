import { Button, Menu } from '@mantine/core';

import { address } from '../api/client';
import { useLang } from '../lang/Lang';
import { Failure } from '../parts/Card';
import { Empty } from '../parts/Empty';
import { Lacking } from '../parts/Lacking';
import screen from '../parts/Screen.module.css';
import { ScreenHead } from '../parts/ScreenHead';
import { Icon } from '../theme/Icon';
import { ByClocks } from '../verdict/ByClocks';
import { useAsOf, useVerdicts } from '../verdict/queries';
import { Days } from './Days';
import { First } from './First';
import { Moved } from './Moved';
import { Summary } from './Summary';
import styles from './SwitchOffScreen.module.css';
import { VerdictItem } from './VerdictItem';

/** May it be switched off? Every operation with its state, its date and its reasons; and what to do next. */
export function SwitchOffScreen() {
  const verdicts = useVerdicts();
  return <ByClocks clocks={verdicts.data?.clocks}><Told verdicts={verdicts} /></ByClocks>;
}

function Told({ verdicts }: { verdicts: ReturnType<typeof useVerdicts> }) {
  const { t, f, lang } = useLang();
  const at = useAsOf();
  const { data, error } = verdicts;
  if (error !== null && data === undefined) return <Failure error={error} onRetry={() => void verdicts.refetch()} />;
  const operations = [...(data?.operations ?? [])].sort((a, b) => RANK.indexOf(a.state) - RANK.indexOf(b.state));
  const asked = { lang, ...(at === undefined ? {} : { at }) };
  return (
    <>
      <ScreenHead title={t.verdict.title} hint={<span title={data === undefined ? t.verdict.asOfHint : `${t.verdict.asOfHint} ${t.verdict.zone(data.zone)}`}>{data === undefined ? '' : t.verdict.asOf(f.moment(data.at))}</span>}>
        <Menu position="bottom-end" shadow="md">
          <Menu.Target>
            <Button size="xs" variant="default" leftSection={<Icon name="download" size={14} />}>{t.verdict.exportTitle}</Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item component="a" href={address('/verdicts/board.html', asked)} target="_blank">{t.verdict.board}</Menu.Item>
            <Menu.Item component="a" href={address('/verdicts/board.csv', asked)} download>{t.verdict.csv}</Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </ScreenHead>
      <p className={screen.intro}>{t.verdict.intro}</p>
      <Lacking sentences={data?.lacking} counted />
      {data !== undefined && operations.length === 0 ? (
        <Empty icon="switchoff" title={t.verdict.empty}><p>{t.verdict.emptyHint}</p></Empty>
      ) : (
        <div className={screen.stack}>
          <Summary verdicts={data} />
          <ul className={styles.verdicts}>
            {operations.map((it) => <VerdictItem key={`${it.operation} ${it.service ?? ''}`} verdict={it} />)}
          </ul>
          <Days verdicts={verdicts} />
          <First />
          <Moved />
        </div>
      )}
    </>
  );
}

/** What asks for somebody first, what is done last. */
const RANK = ['residual', 'safe', 'silent', 'fading', 'in_use', 'never_seen', 'retired'];
