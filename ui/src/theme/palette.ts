/** Colours for charts, which cannot read the style sheet; the same hues as in `global.css`. */

export interface Palette {
  text: string;
  dim: string;
  line: string;
  surface: string;
  accent: string;
  monolith: string;
  unknown: string;
  danger: string;
  /** What entered no operation: there, but not what one looks for. */
  quiet: string;
  /** For names that have no meaning of their own. */
  names: readonly string[];
}

export const LIGHT: Palette = {
  text: '#1e2124',
  dim: '#5c6266',
  line: '#e3e0da',
  surface: '#ffffff',
  accent: '#0b766c',
  monolith: '#857d70',
  unknown: '#c77d0a',
  danger: '#c2342b',
  quiet: '#b5afa4',
  names: ['#0f7f74', '#3b6fb6', '#7a5ea8', '#6f7f1f', '#b4567a', '#2589ab', '#a0603a', '#5b6b7a'],
};

export const DARK: Palette = {
  text: '#e7e5e0',
  dim: '#a0a6ad',
  line: '#2d3138',
  surface: '#1b1e23',
  accent: '#36a294',
  monolith: '#8f887b',
  unknown: '#d3962f',
  danger: '#f0736a',
  quiet: '#5a6069',
  names: ['#36a294', '#6492d3', '#9a80c9', '#98a449', '#cb7597', '#4fa4c3', '#bd855d', '#8192a3'],
};

/** A colour that stays with a name as long as the list of names does; nobody's calls are amber. */
export function colourOf(palette: Palette, name: string | null, all: readonly string[]): string {
  if (name === null) return palette.unknown;
  const at = all.indexOf(name);
  return palette.names[(at < 0 ? hash(name) : at) % palette.names.length] ?? palette.accent;
}

function hash(text: string): number {
  let sum = 0;
  for (const c of text) sum = (sum * 31 + (c.codePointAt(0) ?? 0)) >>> 0;
  return sum;
}
