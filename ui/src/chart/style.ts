import { FONT } from '../theme/theme';
import type { Palette } from '../theme/palette';

/** What all charts have in common. */
export function base(palette: Palette) {
  return {
    textStyle: { fontFamily: FONT, fontSize: 12, color: palette.dim },
    tooltip: {
      confine: true,
      backgroundColor: palette.surface,
      borderColor: palette.line,
      borderWidth: 1,
      padding: [8, 12],
      textStyle: { fontFamily: FONT, fontSize: 12, color: palette.text },
      extraCssText: 'box-shadow: 0 6px 24px rgb(0 0 0 / 14%); border-radius: 8px;',
    },
  };
}

export function axis(palette: Palette) {
  return {
    axisLine: { lineStyle: { color: palette.line } },
    axisTick: { show: false },
    axisLabel: { color: palette.dim, fontFamily: FONT, fontSize: 11.5 },
    splitLine: { lineStyle: { color: palette.line, type: 'dashed' as const } },
  };
}

/** Rows of a tooltip; texts come from logs, so they are escaped. */
export function tip(head: string, rows: readonly { colour: string; name: string; value: string }[]): string {
  const lines = rows.map(
    ({ colour, name, value }) =>
      `<div style="display:flex;gap:8px;align-items:center;line-height:1.7">${swatch(colour)}<span style="flex:1">${escape(name)}</span><b style="font-variant-numeric:tabular-nums;padding-left:14px">${escape(value)}</b></div>`,
  );
  return `<div style="font-weight:600;margin-bottom:2px">${escape(head)}</div>${lines.join('')}`;
}

function swatch(colour: string): string {
  return `<span style="width:9px;height:9px;border-radius:3px;background:${colour}"></span>`;
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
