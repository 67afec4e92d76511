/** What the server answers: its keys as they are on the wire. Durations are whole microseconds. */

/** RFC 3339, in UTC. */
export type Instant = string;
/** A name that nobody could give is `null`. */
export type Name = string | null;

export interface DeclaredOperation {
  operation: string;
  service: Name;
  /** The day (UTC) from which on a call is residual. */
  retired: string | null;
  moved_to: string | null;
}

export interface Meta {
  version: string;
  monoliths: string[];
  services: string[];
  actors: string[];
  operations: DeclaredOperation[];
  sources: { name: string; kind: string; holds: string }[];
  store: {
    path: string;
    from: Instant | null;
    to: Instant | null;
    calls: number;
    segments_bytes: number;
    raw_bytes: number;
  };
  /** Whether the configuration can be changed from here; left out where nothing can. */
  read_only?: boolean;
}

export interface OperationRow {
  operation: Name;
  service: Name;
  calls: number;
  p50: number | null;
  p95: number | null;
  retired: string | null;
  /** Calls since then. */
  residual: number;
  declared: boolean;
}

export interface ActorRow {
  actor: Name;
  calls: number;
}

export interface ServiceRow {
  service: Name;
  calls: number;
  monolith: boolean;
}

export interface ActorServiceRow {
  actor: Name;
  service: Name;
  calls: number;
}

export interface ActorOperationServiceRow extends ActorServiceRow {
  operation: Name;
}

export interface EndpointRow {
  service: Name;
  method: string | null;
  endpoint: string | null;
  calls: number;
  p95: number | null;
}

export interface MarkOnlyRow {
  operation: Name;
  service: Name;
  marks: number;
}

export interface Panel {
  /** What was counted: more than was asked for, where only wide buckets are kept of it. */
  from: Instant | null;
  to: Instant | null;
  calls: number;
  joined: number;
  call_only: number;
  no_id: number;
  mark_only: number;
  unknown_calls: number;
  residual_calls: number;
  operations: OperationRow[];
  actors: ActorRow[];
  services: ServiceRow[];
  actor_service: ActorServiceRow[];
  actor_operation_service: ActorOperationServiceRow[];
  endpoints: EndpointRow[];
  mark_only_operations: MarkOnlyRow[];
}

export type TimelineBy = 'known' | 'service' | 'operation' | 'actor' | 'status';
export type Every = 'minute' | 'hour' | 'day' | 'month';

export interface Timeline {
  from: Instant | null;
  to: Instant | null;
  every: Every;
  series: { key: string | null; calls: number[] }[];
  starts: Instant[];
}

export interface Burndown {
  /** `2023-01` */
  months: string[];
  series: { operation: Name; calls: number[] }[];
}

export interface Caller {
  address: string | null;
  user_agent: string | null;
  actor: Name;
  calls: number;
  /** The start of the hour or the day of the first call. */
  first: Instant;
  last: Instant;
  services: string[];
  operations: string[];
}

export type Joined = 'joined' | 'call_only' | 'no_id';

export interface Call {
  /** Opaque. */
  key: string;
  time: Instant | null;
  source: string | null;
  service: Name;
  actor: Name;
  operations: string[];
  joined: Joined;
  /** `call`, or `hop`: another source of the chain counts this request. */
  role: string | null;
  status: number | null;
  method: string | null;
  target: string | null;
  /** Method and path template: `POST /api/card/{client}`. */
  endpoint: string | null;
  address: string | null;
  user: string | null;
  user_agent: string | null;
  referer: string | null;
  host: string | null;
  bytes: number | null;
  duration: number | null;
  request_id: string | null;
  line: string | null;
}

export interface CallPage {
  calls: Call[];
  next: string | null;
}

export interface Mark {
  time: Instant | null;
  source: string | null;
  service: Name;
  operation: Name;
  line: string | null;
}

export interface OneRequest {
  id: string;
  calls: Call[];
  marks: Mark[];
}

export interface UnparsedLine {
  seen: Instant | null;
  file: string;
  line: number;
  column: number;
  expected: string;
  text: string;
}

export interface SourceHealth {
  source: string;
  /** `null` where only the store still knows the source. */
  kind: string | null;
  holds: string;
  lines: number;
  from: Instant | null;
  to: Instant | null;
  gaps: { from: Instant; to: Instant }[];
  silent_since?: Instant | null;
}

export type AlertKind = 'residual_call' | 'unknown_caller' | 'mark_only' | 'no_id' | 'silent_source';

export interface Alert {
  id: string | number;
  kind: AlertKind;
  title?: string;
  cause: string;
  service: Name;
  operation: Name;
  /** `null` where the cause was found at once, not watched from its first call on. */
  first: Instant | null;
  last: Instant;
  count: number;
  acknowledged: Instant | null;
  muted_until: Instant | null;
  /** The query that shows its calls. */
  where: string;
}

export interface NewActor {
  name: string;
  user_agent?: string;
  ip?: string[];
}

export interface ActorAdded {
  rule: string;
  applied: boolean;
  undo: string;
}

export interface ConfigEntry {
  key: string;
  value: unknown;
  origin: { from: string; file?: string; line?: number; variable?: string; flag?: string };
}

export interface Config {
  file: string | null;
  entries: ConfigEntry[];
  warnings: { line: number; column: number; message: string }[];
}
