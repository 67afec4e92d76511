import { useEffect, useRef } from 'react';

/** What a key does; two keys in a row are written `g p`. */
export type Keys = Record<string, () => void>;

const SECOND_KEY_WITHIN = 1200;

/** Listens as long as nobody is typing and no window is open; `mod+k` always. */
export function useKeys(keys: Keys, active = true): void {
  const latest = useRef(keys);
  useEffect(() => {
    latest.current = keys;
  });
  useEffect(() => {
    if (!active) return;
    let first: { key: string; at: number } | undefined;
    const listen = (event: KeyboardEvent) => {
      const mod = event.ctrlKey || event.metaKey;
      if (event.defaultPrevented || event.altKey || (mod && event.key !== 'k')) return;
      if (!mod && isBusy(event.target)) return;
      const key = mod ? 'mod+k' : event.key;
      const pair = first !== undefined && event.timeStamp - first.at < SECOND_KEY_WITHIN ? `${first.key} ${key}` : undefined;
      const action = (pair === undefined ? undefined : latest.current[pair]) ?? latest.current[key];
      first = pair === undefined && key.length === 1 ? { key, at: event.timeStamp } : undefined;
      if (action === undefined) return;
      event.preventDefault();
      action();
    };
    window.addEventListener('keydown', listen);
    return () => window.removeEventListener('keydown', listen);
  }, [active]);
}

function isBusy(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  const typing = target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName);
  const box = target instanceof HTMLInputElement && target.type === 'checkbox';
  return (typing && !box) || target.closest('[role="dialog"][aria-modal="true"], [role="menu"], [role="listbox"]') !== null;
}
