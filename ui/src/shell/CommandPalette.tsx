import { Modal } from '@mantine/core';
import { useEffect, useId, useRef, useState, type KeyboardEvent } from 'react';
import { useNavigate } from 'react-router';

import { useLang } from '../lang/Lang';
import { pill } from '../query/pill';
import { Icon } from '../theme/Icon';
import { useView } from '../view/useView';
import styles from './CommandPalette.module.css';
import { useCommands, type Command } from './commands';

interface Props {
  opened: boolean;
  onClose: () => void;
  onHelp: () => void;
}

export function CommandPalette({ opened, onClose, onHelp }: Props) {
  const { t } = useLang();
  return (
    <Modal.Root opened={opened} onClose={onClose} padding={0} size={560} yOffset="12vh" transitionProps={{ duration: 0 }}>
      <Modal.Overlay />
      <Modal.Content aria-label={t.palette.title}>
        <Search onClose={onClose} onHelp={onHelp} />
      </Modal.Content>
    </Modal.Root>
  );
}

function Search({ onClose, onHelp }: Omit<Props, 'opened'>) {
  const { t } = useLang();
  const { link } = useView();
  const navigate = useNavigate();
  const all = useCommands(onHelp);
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState(0);
  const id = useId();

  const wanted = simple(text);
  const words = wanted.split(/\s+/).filter(Boolean);
  const found = all.filter((it) => words.every((word) => simple(it.text).includes(word)));
  const byId: Command = {
    group: 'go',
    text: t.palette.request(text.trim()),
    icon: 'search',
    run: () => void navigate(link('/calls', { pills: [pill('request_id', text.trim())], typed: '' })),
  };
  const shown = wanted === '' || found.length > 0 ? found : [byId];

  const input = useRef<HTMLInputElement>(null);
  // At once: whoever presses Ctrl+K goes on typing.
  useEffect(() => input.current?.focus(), []);
  useEffect(() => document.getElementById(`${id}-${chosen}`)?.scrollIntoView({ block: 'nearest' }), [chosen, id]);

  const run = (command: Command | undefined) => {
    if (command === undefined) return;
    onClose();
    command.run();
  };
  const press = (event: KeyboardEvent) => {
    const move = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (move !== 0) {
      event.preventDefault();
      setChosen((chosen + move + shown.length) % shown.length);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      run(shown[chosen]);
    }
  };
  return (
    <div className={styles.palette}>
      <div className={styles.head}>
        <Icon name="search" size={18} />
        <input
          ref={input}
          data-autofocus
          className={styles.input}
          value={text}
          placeholder={t.palette.placeholder}
          aria-label={t.palette.title}
          role="combobox"
          aria-expanded
          aria-controls={id}
          aria-activedescendant={`${id}-${chosen}`}
          onChange={(event) => { setText(event.target.value); setChosen(0); }}
          onKeyDown={press}
        />
        <kbd>Esc</kbd>
      </div>
      <ul id={id} role="listbox" aria-label={t.palette.title} className={styles.list}>
        {shown.map((it, index) => (
          <li
            key={`${it.group} ${it.text}`}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === chosen}
            className={styles.option}
            onMouseMove={() => setChosen(index)}
            onClick={() => run(it)}
          >
            <Icon name={it.icon} />
            <span className="truncate">{it.text}</span>
            <span className={styles.group}>{t.palette[it.group]}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Without accents and capitals, so that nobody has to type them. */
function simple(text: string): string {
  return text.normalize('NFD').replace(/\p{Diacritic}/gu, '').toLowerCase().trim();
}
