import { createContext, useCallback, useContext, useMemo, useRef, useState, type ReactNode } from 'react';

import { useLang } from '../lang/Lang';
import { Icon } from '../theme/Icon';
import styles from './Toasts.module.css';

interface Toast {
  text: string;
  action?: { label: string; run: () => void };
}

type Say = (text: string, action?: Toast['action']) => void;

const Context = createContext<Say>(() => undefined);
const SHOWN_FOR = 8000;

/** Short words at the lower edge: what has been done, and how to take it back. */
export function ToastProvider({ children }: { children: ReactNode }) {
  const [toast, setToast] = useState<Toast | null>(null);
  const timer = useRef<number | undefined>(undefined);
  const { t } = useLang();

  const stay = () => window.clearTimeout(timer.current);
  const goSoon = useCallback(() => {
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(() => setToast(null), SHOWN_FOR);
  }, []);
  const say = useCallback<Say>((text, action) => {
    setToast(action === undefined ? { text } : { text, action });
    goSoon();
  }, [goSoon]);
  const value = useMemo(() => say, [say]);

  return (
    <Context value={value}>
      {children}
      <div className={styles.place} role="status" aria-live="polite">
        {toast && (
          // Whoever points at it, or is about to press what it offers, is not hurried.
          <div className={styles.toast} onMouseEnter={stay} onMouseLeave={goSoon} onFocus={stay} onBlur={goSoon}>
            <span>{toast.text}</span>
            {toast.action && (
              <button type="button" className={`plain ${styles.action}`} onClick={() => { toast.action?.run(); setToast(null); }}>
                {toast.action.label}
              </button>
            )}
            <button type="button" className={`plain ${styles.close}`} aria-label={t.close} onClick={() => setToast(null)}>
              <Icon name="close" size={14} />
            </button>
          </div>
        )}
      </div>
    </Context>
  );
}

export function useToast(): Say {
  return useContext(Context);
}
