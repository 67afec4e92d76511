/** Short names for what the API's own description says. Durations are whole microseconds, instants RFC 3339 in UTC. */

import type { components, paths } from '../../generated/api';

type Schemas = components['schemas'];

/** A name that nobody could give is `null`. */
export type Name = string | null;

export type Meta = Schemas['Meta'];
export type DeclaredOperation = Schemas['DeclaredOperation'];
export type Panel = Schemas['Panel'];
export type OperationRow = Schemas['OperationRow'];
export type ActorRow = Schemas['ActorRow'];
export type ServiceRow = Schemas['ServiceRow'];
export type EndpointRow = Schemas['EndpointRow'];
export type Timeline = Schemas['Timeline'];
/** What a chart over time is split by; that a call was joined has a figure of its own. */
export type TimelineBy = Exclude<NonNullable<NonNullable<paths['/api/v1/timeline']['get']['parameters']['query']>['by']>, 'joined'>;
export type Every = Schemas['Every'];
export type Burndown = Schemas['Burndown'];
export type Caller = Schemas['CallerRow'];
export type Call = Schemas['CallRow'];
export type CallPage = Schemas['Calls'];
export type Mark = Schemas['MarkRow'];
export type OneRequest = Schemas['RequestAnswer'];
export type SourceHealth = Schemas['SourceRow'];
export type Alert = Schemas['AlertRow'];
export type Candidate = Schemas['Candidate'];
export type NewActor = Schemas['NewActor'];
export type Added = Schemas['Added'];
export type FirstRow = Schemas['FirstRow'];
export type MovedActor = Schemas['MovedActor'];
export type MovedSide = Schemas['Side'];
export type Link = Schemas['LinkRow'];
export type Compared = Schemas['Compared'];
export type MapThing = Schemas['Thing'];
export type ConfigEntry = Schemas['Setting'];
export type Config = Schemas['Config'];
