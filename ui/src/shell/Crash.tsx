import { Link, useRouteError } from 'react-router';

import { useLang } from '../lang/Lang';
import { Empty } from '../parts/Empty';

/** An address that leads nowhere. */
export function Nowhere() {
  const { t } = useLang();
  return (
    <Empty icon="search" title={t.problem.nowhere}>
      <p>{t.problem.nowhereHint}</p>
      <Link to="/">{t.nav.panel}</Link>
    </Empty>
  );
}

/** A fault of the page itself. */
export function Crash() {
  const { t } = useLang();
  const error = useRouteError();
  return (
    <Empty icon="warning" title={t.problem.failed}>
      {error instanceof Error && <pre>{error.message}</pre>}
      <Link to="/">{t.nav.panel}</Link>
    </Empty>
  );
}
