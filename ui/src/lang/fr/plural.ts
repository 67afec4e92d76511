/** Le pluriel commence à deux. */
export const s = (n: number): string => (n > 1 ? 's' : '');
