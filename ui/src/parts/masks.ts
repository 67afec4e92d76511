/** What the server puts in the place of personal data. */
export type MaskKind = 'card' | 'iban' | 'e-mail' | 'masked';

export interface Piece {
  text: string;
  /** What stood there; nothing where the text is as it was logged. */
  mask?: MaskKind;
}

const MASK = /‹(card|iban|e-mail|masked)›/g;

/** A text cut at its masks. */
export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let from = 0;
  for (const mask of text.matchAll(MASK)) {
    if (mask.index > from) found.push({ text: text.slice(from, mask.index) });
    found.push({ text: mask[0], mask: mask[1] as MaskKind });
    from = mask.index + mask[0].length;
  }
  if (from < text.length) found.push({ text: text.slice(from) });
  return found;
}

/** Whether a text is not what was logged: nobody can be asked for by it. */
export function isMasked(text: string): boolean {
  return pieces(text).some((it) => it.mask !== undefined);
}
