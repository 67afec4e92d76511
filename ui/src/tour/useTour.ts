import { useState } from 'react';

import { useMeta } from '../api/queries';
import { keep, kept } from '../view/kept';
import { ENDED, stepOf, STEPS, type Step } from './steps';

interface UsedTour {
  /** `null` while there is none to show. */
  step: Step | null;
  /** Whether the server has one. */
  possible: boolean;
  go: (step: Step) => void;
  begin: () => void;
  end: () => void;
}

/** The tour goes on where the reader left it, also after a reload. */
export function useTour(): UsedTour {
  const possible = useMeta().data?.demo === true;
  const [step, setStep] = useState<Step | null>(() => stepOf(kept('tour')));
  const go = (next: Step | null) => {
    keep('tour', next ?? ENDED);
    setStep(next);
  };
  return { step: possible ? step : null, possible, go, begin: () => go(STEPS[0]), end: () => go(null) };
}
