import type { usePanel } from '../api/queries';

export type PanelQuery = ReturnType<typeof usePanel>;
