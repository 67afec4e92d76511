/** Short names for what the API says of verdicts. */

import type { components } from '../../generated/api';

type Schemas = components['schemas'];

export type Verdicts = Schemas['Verdicts'];
export type Verdict = Schemas['OperationVerdict'];
export type CallerVerdict = Schemas['CallerVerdict'];
export type ClockChange = Schemas['ClockChange'];
export type Expected = Schemas['ExpectedCall'];
export type Reason = Schemas['ReasonRow'];
export type Word = Schemas['WordRow'];
export type NewWord = Schemas['NewWord'];
/** A state that only a newer server knows is shown as it is written. */
export type State = Verdict['state'];
