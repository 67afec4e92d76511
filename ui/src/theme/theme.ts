import { createTheme, type MantineColorsTuple } from '@mantine/core';

/** The grey-green that grows on old stones. */
const lichen: MantineColorsTuple = [
  '#e9f7f5', '#d3ece8', '#a8d9d2', '#7bc5bb', '#56b4a8', '#3fa99c', '#2c9d90', '#0b766c', '#07655c', '#03544c',
];

/** Warm, so that the dark theme is stone and not steel. */
const dark: MantineColorsTuple = [
  '#e7e5e0', '#b9bcc1', '#a0a6ad', '#70767e', '#3a3f47', '#2d3138', '#22262c', '#1b1e23', '#15171b', '#101215',
];

const gray: MantineColorsTuple = [
  '#f8f7f4', '#efede8', '#e7e4de', '#dad6ce', '#c9c4ba', '#aaa59a', '#69645c', '#5c5954', '#3a3835', '#201f1d',
];

export const FONT = "'Inter Variable', system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";
export const MONO = "ui-monospace, SFMono-Regular, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace";

export const theme = createTheme({
  colors: { lichen, dark, gray },
  primaryColor: 'lichen',
  primaryShade: 7,
  fontFamily: FONT,
  fontFamilyMonospace: MONO,
  fontSizes: { xs: '12px', sm: '13px', md: '14px', lg: '16px', xl: '20px' },
  headings: { fontFamily: FONT, fontWeight: '600' },
  defaultRadius: 'sm',
  radius: { xs: '3px', sm: '5px', md: '7px', lg: '10px', xl: '16px' },
  cursorType: 'pointer',
  focusRing: 'auto',
  respectReducedMotion: true,
});
