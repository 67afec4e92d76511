import { Button, Tooltip } from '@mantine/core';

import { useLang } from '../lang/Lang';
import { Icon } from '../theme/Icon';
import { useView } from '../view/useView';
import styles from './PersonalData.module.css';

/** Whether personal data is hidden, and the other of the two. */
export function PersonalData() {
  const { t } = useLang();
  const { view, change } = useView();
  const { personal } = view;
  return (
    <Tooltip label={personal ? t.personal.hide : t.personal.show} multiline maw={300}>
      <Button
        size="xs"
        variant="default"
        className={personal ? styles.shown ?? '' : ''}
        leftSection={<Icon name={personal ? 'eye' : 'hide'} size={15} />}
        aria-label={`${personal ? t.personal.shown : t.personal.hidden}. ${personal ? t.personal.hide : t.personal.show}`}
        onClick={() => change({ personal: !personal })}
      >
        <span className={styles.long}>{personal ? t.personal.shown : t.personal.hidden}</span>
        <span className={styles.short}>{personal ? t.personal.shownShort : t.personal.hiddenShort}</span>
      </Button>
    </Tooltip>
  );
}
