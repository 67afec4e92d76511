import { useLayoutEffect, useRef, type RefObject } from 'react';

/** Keeps an element's height in a custom property of the page: what sticks below it has to know. */
export function useHeight(property: string): RefObject<HTMLElement | null> {
  const element = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    const { current } = element;
    if (current === null) return undefined;
    const write = () => document.documentElement.style.setProperty(property, `${current.offsetHeight}px`);
    write();
    const observer = new ResizeObserver(write);
    observer.observe(current);
    return () => observer.disconnect();
  }, [property]);
  return element;
}
