/** From numbers to places on a chart. Pure. */

/** Round steps from zero up to what covers `largest`; about `wanted` of them, whole numbers only. */
export function steps(largest: number, wanted: number): number[] {
  const rough = Math.max(largest, 1) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const nice = [1, 2, 5, 10].map((it) => it * power).find((it) => it >= rough) ?? 10 * power;
  const step = Math.max(1, Math.round(nice));
  const count = Math.max(1, Math.ceil(largest / step));
  return Array.from({ length: count + 1 }, (_, at) => at * step);
}

/** Where the parts of each bar end: `ends[series][bar]` is the sum up to and with this series. */
export function stacked(series: readonly (readonly number[])[], bars: number): number[][] {
  const sums = new Array<number>(bars).fill(0);
  return series.map((calls) => {
    for (let bar = 0; bar < bars; bar++) sums[bar] = (sums[bar] ?? 0) + (calls[bar] ?? 0);
    return [...sums];
  });
}

/** Every how many bars a label fits, where the widest has `label` pixels and a bar `bar`. */
export function every(label: number, bar: number): number {
  return bar <= 0 ? 1 : Math.max(1, Math.ceil(label / bar));
}

/** Which bar is at `x` of `width` pixels; the nearest where it is outside. */
export function barAt(x: number, width: number, bars: number): number {
  return Math.min(Math.max(Math.floor((x / width) * bars), 0), bars - 1);
}
