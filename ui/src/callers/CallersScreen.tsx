export function CallersScreen() { return null; }
