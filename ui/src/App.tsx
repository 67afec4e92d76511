import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createBrowserRouter, RouterProvider } from 'react-router';

import { Problem } from './api/client';
import { LangProvider } from './lang/Lang';
import { PanelScreen } from './panel/PanelScreen';
import { Crash, Nowhere } from './shell/Crash';
import { Shell } from './shell/Shell';
import { ToastProvider } from './shell/Toasts';
import { schemeManager } from './theme/scheme';
import { theme } from './theme/theme';

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      gcTime: 60_000,
      // What the server refused once it refuses again; what did not arrive may arrive.
      retry: (count, error) => !(error instanceof Problem && error.status >= 400) && count < 2,
      refetchInterval: ({ state }) => (state.error instanceof Problem && state.error.status === 0 ? 5_000 : false),
    },
  },
});

/** The panel is there at once; a screen that one does not look at first comes when it is wanted. */
const router = createBrowserRouter([
  {
    element: <Shell />,
    hydrateFallbackElement: <></>,
    errorElement: <Crash />,
    // A screen that breaks leaves the navigation standing.
    children: [{ errorElement: <Crash />, children: [
      { path: '/', element: <PanelScreen /> },
      { path: '/operations', lazy: async () => ({ Component: (await import('./operation/OperationsScreen')).OperationsScreen }) },
      { path: '/operations/:operation', lazy: async () => ({ Component: (await import('./operation/OperationScreen')).OperationScreen }) },
      { path: '/endpoint', lazy: async () => ({ Component: (await import('./operation/EndpointScreen')).EndpointScreen }) },
      { path: '/calls', lazy: async () => ({ Component: (await import('./calls/CallsScreen')).CallsScreen }) },
      { path: '/callers', lazy: async () => ({ Component: (await import('./callers/CallersScreen')).CallersScreen }) },
      { path: '/map', lazy: async () => ({ Component: (await import('./map/MapScreen')).MapScreen }) },
      { path: '/alerts', lazy: async () => ({ Component: (await import('./alerts/AlertsScreen')).AlertsScreen }) },
      { path: '/settings', lazy: async () => ({ Component: (await import('./settings/SettingsScreen')).SettingsScreen }) },
      { path: '/switch-off', lazy: async () => ({ Component: (await import('./switchoff/SwitchOffScreen')).SwitchOffScreen }) },
      { path: '*', element: <Nowhere /> },
    ] }],
  },
]);

export function App() {
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto" colorSchemeManager={schemeManager}>
      <QueryClientProvider client={client}>
        <LangProvider>
          <ToastProvider>
            <RouterProvider router={router} />
          </ToastProvider>
        </LangProvider>
      </QueryClientProvider>
    </MantineProvider>
  );
}
