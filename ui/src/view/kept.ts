/** What the browser keeps of a reader's taste. Storage may be forbidden: then nothing is kept. */

type Name = 'lang' | 'zone' | 'theme' | 'tour' | 'ignored' | 'map';

export function kept(name: Name): string | null {
  try {
    return localStorage.getItem(`dolmen.${name}`);
  } catch {
    return null;
  }
}

export function keep(name: Name, value: string): void {
  try {
    localStorage.setItem(`dolmen.${name}`, value);
  } catch {
    // Nothing to do: the next visit starts with the defaults.
  }
}
