/** Lines on a grid of 24, drawn for this page. */
const PATHS = {
  panel: 'M4 5h7v6H4zM13 5h7v3h-7zM13 11h7v8h-7zM4 14h7v5H4z',
  calls: 'M4 6h2M9 6h11M4 12h2M9 12h11M4 18h2M9 18h11',
  callers: 'M12 12a4 4 0 1 0-4-4M4 20c0-3.5 3.2-5.5 7-5.5M17.5 20.2v.1M15.6 15.2c.2-2.9 4.2-2.5 4 .1-.1 1.2-2.1 1.5-2.1 2.9',
  operations: 'M12 3.5 20 8l-8 4.5L4 8zM4 12l8 4.5 8-4.5M4 16l8 4.5 8-4.5',
  alerts: 'M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 2h-15zM10 21h4',
  settings: 'M4 7h9M17 7h3M13 5v4M4 17h3M11 17h9M7 15v4',
  sources: 'M4 6c0-1.4 3.6-2.5 8-2.5S20 4.6 20 6s-3.6 2.5-8 2.5S4 7.4 4 6ZM4 6v12c0 1.4 3.6 2.5 8 2.5s8-1.1 8-2.5V6M4 12c0 1.4 3.6 2.5 8 2.5s8-1.1 8-2.5',
  clock: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16ZM12 8v4.5l3 1.8',
  left: 'M14.5 6 8.5 12l6 6',
  right: 'm9.5 6 6 6-6 6',
  down: 'm6 9.5 6 6 6-6',
  up: 'm6 14.5 6-6 6 6',
  close: 'M6 6l12 12M18 6 6 18',
  search: 'M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM15.5 15.5 20.5 20.5',
  play: 'M7.5 5.5v13l11-6.5z',
  pause: 'M8.5 5.5v13M15.5 5.5v13',
  share: 'M10 14a4 4 0 0 0 5.7 0l3-3A4 4 0 0 0 13 5.3l-1 1M14 10a4 4 0 0 0-5.7 0l-3 3A4 4 0 0 0 11 18.7l1-1',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M18.7 5.3l-1.4 1.4M6.7 17.3l-1.4 1.4',
  moon: 'M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10Z',
  menu: 'M4 7h16M4 12h16M4 17h16',
  table: 'M4 5h16v14H4zM4 10h16M4 14.5h16M10 10v9',
  chart: 'M4 20h16M7 16v-4M12 16V6M17 16v-7',
  download: 'M12 4v11M7.5 11l4.5 4.5 4.5-4.5M5 20h14',
  freeze: 'M12 3v18M4.2 7.5l15.6 9M19.8 7.5l-15.6 9M9.5 4.5 12 7l2.5-2.5M9.5 19.5 12 17l2.5 2.5',
  widen: 'M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM15.5 15.5l5 5M7.5 10.5h6',
  check: 'm5 12.5 4.5 4.5L19 7',
  plus: 'M12 5v14M5 12h14',
  eye: 'M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12ZM12 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5Z',
  hide: 'M4 4l16 16M9.5 6A9 9 0 0 1 12 5.5c6 0 9.5 6.5 9.5 6.5a16 16 0 0 1-3 3.7M6 8a16 16 0 0 0-3.5 4s3.5 6.5 9.5 6.5c1.3 0 2.5-.3 3.5-.8',
  not: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16ZM6.4 6.4l11.2 11.2',
  more: 'M6 12h.01M12 12h.01M18 12h.01',
  warning: 'M12 4.5 21 19.5H3zM12 10v4.5M12 17h.01',
  info: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16ZM12 11v5M12 8h.01',
  columns: 'M4 5h16v14H4zM9.5 5v14M14.5 5v14',
  external: 'M13 5h6v6M19 5l-8 8M16.5 14v5H5V7.5h5',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  undo: 'M8.5 5 4.5 9l4 4M5 9h9a5 5 0 0 1 0 10h-3',
  bellOff: 'M4 4l16 16M8 6.6A6 6 0 0 1 18 11v4M6 10.5v6l-1.5 2H17M10 21h4',
  map: 'M3.5 4.5h4v4h-4zM3.5 15.5h4v4h-4zM16.5 10h4v4h-4zM7.5 6.5c5 0 4 5.5 9 5.5M7.5 17.5c5 0 4-5.5 9-5.5',
  keyboard: 'M3 7h18v10H3zM7 10.5h.01M10.5 10.5h.01M14 10.5h.01M17 10.5h.01M8 14h8',
  switchoff: 'M12 3.5v8M7.2 6.6a7.5 7.5 0 1 0 9.6 0',
  calendar: 'M4 6h16v14H4zM4 10.5h16M8.5 3.5V7M15.5 3.5V7',
  word: 'M4 5h16v11H10l-4 3.5V16H4z',
  refresh: 'M19.5 12a7.5 7.5 0 1 1-2.2-5.3L19.5 9M19.5 4v5h-5',
} as const;

export type IconName = keyof typeof PATHS;

/** An icon beside words that say the same; alone, its button carries the label. */
export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={name === 'more' ? 3 : 1.8}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}

export function Logo({ size = 24 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" fill="var(--accent)" aria-hidden="true" focusable="false">
      <path d="M2.2 7.6C2 5.9 3.2 4.9 4.9 4.8l14-.7c1.8-.1 3 .9 2.9 2.6 0 1.4-.9 2.2-2.4 2.3L4.9 9.8c-1.5.1-2.5-.7-2.7-2.2Z" />
      <path d="M4.6 11.3h4.6l.5 7.4c.1 1.1-.5 1.7-1.5 1.7H5c-1 0-1.6-.6-1.5-1.7l1.1-7.4ZM15 10.7h4.4l1.2 8c.1 1.1-.5 1.7-1.5 1.7h-3.2c-1 0-1.6-.6-1.5-1.7l.6-8Z" />
    </svg>
  );
}
