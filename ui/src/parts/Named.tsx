import { useLang } from '../lang/Lang';

/** A name, or the word for what nobody could name. */
export function Named({ name }: { name: string | null }) {
  const { t } = useLang();
  return name === null ? <span className="unknown">{t.unknown}</span> : <>{name}</>;
}
