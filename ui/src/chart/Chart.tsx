import { BarChart, LineChart, PieChart } from 'echarts/charts';
import { GridComponent, TooltipComponent } from 'echarts/components';
import { init, use, type ECharts, type EChartsCoreOption } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { useEffect, useRef, type ReactNode } from 'react';

import styles from './Chart.module.css';

use([BarChart, LineChart, PieChart, GridComponent, TooltipComponent, SVGRenderer]);

/** What was clicked on: an element of a series. */
export interface Clicked {
  seriesIndex: number;
  dataIndex: number;
}

interface Props {
  option: EChartsCoreOption;
  /** What somebody who does not see it is told; the table has the rest. */
  label: string;
  height: number;
  onClick?: (clicked: Clicked) => void;
  onReady?: (chart: ECharts) => void;
  children?: ReactNode;
}

/** One ECharts drawing, as wide as its place. */
export function Chart({ option, label, height, onClick, onReady, children }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<ECharts | null>(null);
  const handlers = useRef({ onClick, onReady });
  useEffect(() => {
    handlers.current = { onClick, onReady };
  });

  useEffect(() => {
    if (place.current === null) return;
    const made = init(place.current, undefined, { renderer: 'svg' });
    chart.current = made;
    made.on('click', (event) => {
      const { seriesIndex, dataIndex } = event as Partial<Clicked>;
      if (seriesIndex !== undefined && dataIndex !== undefined) handlers.current.onClick?.({ seriesIndex, dataIndex });
    });
    handlers.current.onReady?.(made);
    const resized = new ResizeObserver(() => made.resize());
    resized.observe(place.current);
    return () => {
      resized.disconnect();
      made.dispose();
      chart.current = null;
    };
  }, []);

  useEffect(() => chart.current?.setOption({ animation: false, ...option }, { notMerge: true }), [option]);

  return (
    <div className={styles.chart} style={{ height }}>
      <div ref={place} role="img" aria-label={label} className={styles.place} />
      {children}
    </div>
  );
}
