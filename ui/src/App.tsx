import { MantineProvider } from '@mantine/core';
import { DatesProvider } from '@mantine/dates';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createBrowserRouter, RouterProvider } from 'react-router';

import { Problem } from './api/client';
import { AlertsScreen } from './alerts/AlertsScreen';
import { CallersScreen } from './callers/CallersScreen';
import { CallsScreen } from './calls/CallsScreen';
import { LangProvider, useLang } from './lang/Lang';
import { EndpointScreen } from './operation/EndpointScreen';
import { OperationScreen } from './operation/OperationScreen';
import { OperationsScreen } from './operation/OperationsScreen';
import { PanelScreen } from './panel/PanelScreen';
import { SettingsScreen } from './settings/SettingsScreen';
import { Crash } from './shell/Crash';
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

const router = createBrowserRouter([
  {
    element: <Shell />,
    errorElement: <Crash />,
    // A screen that breaks leaves the navigation standing.
    children: [{ errorElement: <Crash />, children: [
      { path: '/', element: <PanelScreen /> },
      { path: '/operations', element: <OperationsScreen /> },
      { path: '/operations/:operation', element: <OperationScreen /> },
      { path: '/endpoint', element: <EndpointScreen /> },
      { path: '/calls', element: <CallsScreen /> },
      { path: '/callers', element: <CallersScreen /> },
      { path: '/alerts', element: <AlertsScreen /> },
      { path: '/settings', element: <SettingsScreen /> },
      { path: '*', element: <Crash /> },
    ] }],
  },
]);

export function App() {
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto" colorSchemeManager={schemeManager}>
      <QueryClientProvider client={client}>
        <LangProvider>
          <Localized />
        </LangProvider>
      </QueryClientProvider>
    </MantineProvider>
  );
}

function Localized() {
  const { lang } = useLang();
  return (
    <DatesProvider settings={{ locale: lang, firstDayOfWeek: 1, weekendDays: [] }}>
      <ToastProvider>
        <RouterProvider router={router} />
      </ToastProvider>
    </DatesProvider>
  );
}
