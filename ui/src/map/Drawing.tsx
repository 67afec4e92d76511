import { useElementSize } from '@mantine/hooks';
import { useState } from 'react';

import { useColours } from '../chart/useColours';
import { useLang } from '../lang/Lang';
import { pill } from '../query/pill';
import { useView } from '../view/useView';
import styles from './Drawing.module.css';
import { SIDES, type Box, type Layout, type Ribbon } from './layout';

/** Narrower than that it scrolls in itself. */
const LEAST_WIDTH = 620;
const [NARROWEST, WIDEST] = [136, 240];
const HEAD = 26;

/** Three columns of boxes with ribbons between them; each box is a button that filters. */
export function Drawing({ layout: { boxes, ribbons, height } }: { layout: Layout }) {
  const { t } = useLang();
  const { ref, width: room } = useElementSize();
  const [looked, setLooked] = useState<string | null>(null);
  const width = Math.max(room, LEAST_WIDTH);
  const boxWidth = Math.min(Math.max(NARROWEST, width * 0.22), WIDEST);
  const left = (column: number) => ((width - boxWidth) / 2) * column;
  const through = (id: string) => looked === null || ribbons.some((it) => it.path.includes(looked) && it.path.includes(id));
  return (
    <div ref={ref} className={styles.scroll} tabIndex={0} role="region" aria-label={t.map.scroll}>
      {/* Nothing is drawn before its width is known: it would jump. */}
      <div className={styles.map} style={{ width, height: height + HEAD, visibility: room === 0 ? 'hidden' : 'visible' }}>
        {SIDES.map((side, column) => <div key={side} className={styles.head} style={{ left: left(column), width: boxWidth }}>{t.map.sides[side]}</div>)}
        <svg className={styles.ribbons} width={width} height={height} style={{ top: HEAD }} aria-hidden="true">
          {ribbons.map((it) => <Band key={it.id} ribbon={it} from={left(it.gap) + boxWidth} to={left(it.gap + 1)} faded={looked !== null && !it.path.includes(looked)} />)}
        </svg>
        {boxes.map((it) => (
          <Node
            key={it.id} box={it} faded={looked !== null && looked !== it.id && !through(it.id)}
            style={{ left: left(SIDES.indexOf(it.side)), top: it.top + HEAD, width: boxWidth, height: it.height }}
            onLook={setLooked}
          />
        ))}
      </div>
    </div>
  );
}

function Band({ ribbon: { start, end, thick, service, standing }, from, to, faded }: { ribbon: Ribbon; from: number; to: number; faded: boolean }) {
  const { service: colour, palette } = useColours();
  const middle = (from + to) / 2;
  const stroke = standing === 'unmapped' ? palette.unknown : standing === 'unseen' || service === undefined ? palette.dim : colour(service);
  return (
    <path
      className={`${styles.band} ${styles[standing]} ${faded ? styles.faded : ''}`}
      d={`M${from} ${start}C${middle} ${start} ${middle} ${end} ${to} ${end}`}
      stroke={stroke} strokeWidth={thick}
    />
  );
}

interface NodeProps {
  box: Box;
  faded: boolean;
  style: React.CSSProperties;
  onLook: (id: string | null) => void;
}

function Node({ box, faded, style, onLook }: NodeProps) {
  const { t, f } = useLang();
  const { add } = useView();
  const { actor, operation, service, isMonolith } = useColours();
  const { side, name, others, calls, marks, standing } = box;
  const said = others > 0 ? t.map.others(f.count(others)) : name ?? (side === 'operation' ? t.map.noOperation : t.unknown);
  const colour = others > 0 ? 'var(--line-strong)' : { actor, operation, service }[side](name);
  const number = calls > 0 || standing !== 'unseen' ? t.calls(calls, f.count(calls)) : t.map.standing.unseen;
  const more = [standing === 'unmapped' ? t.map.standing.unmapped : '', marks > 0 ? t.map.marks(marks, f.count(marks)) : ''].filter((it) => it !== '');
  const inside = (
    <>
      <span className="hidden">{t.map.sides[side]}: </span>
      <span data-name className={`${styles.name} ${name === null && side !== 'operation' && others === 0 ? 'unknown' : ''}`}>{said}</span>
      <span className={`${styles.calls} num`}>{number}</span>
      {more.map((it) => <span key={it} className={styles.note}>{it}</span>)}
    </>
  );
  const look = { onMouseEnter: () => onLook(box.id), onMouseLeave: () => onLook(null), onFocus: () => onLook(box.id), onBlur: () => onLook(null) };
  const all = `plain ${styles.box} ${styles[standing]} ${isMonolith(name) && side === 'service' ? styles.monolith : ''} ${faded ? styles.faded : ''}`;
  const shared = { className: all, style: { ...style, '--mine': colour } as React.CSSProperties, 'data-box': side, title: [said, number, ...more].join(' · ') };
  // A share of many names, and what nobody saw, is nothing that one could filter by.
  if (others > 0 || standing === 'unseen') return <div {...shared} {...look}>{inside}</div>;
  return <button type="button" {...shared} title={t.filterBy(said)} {...look} onClick={() => add(pill(side, name))}>{inside}</button>;
}
