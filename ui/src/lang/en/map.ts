/** A number, and how it is written. */
export interface Counted {
  n: number;
  text: string;
}

const some = ({ n, text }: Counted, one: string) => `${text} ${one}${n === 1 ? '' : 's'}`;

/** The words of the map, in English. */
export const map = {
  title: 'Map',
  intro: 'Who calls which operation, and which service answers. A ribbon is as thick as its calls; its colour is the service.',
  drawing: 'Who calls what, and where',
  summary: (actors: Counted, operations: Counted, services: Counted, calls: Counted) => `${some(actors, 'named actor')}, ${some(operations, 'operation')}, ${some(services, 'service')}, ${some(calls, 'call')}`,
  sides: { actor: 'Actors', operation: 'Operations', service: 'Services' },
  noOperation: 'no operation',
  others: (text: string) => `${text} others`,
  marks: (n: number, text: string) => `${text} ${n === 1 ? 'mark' : 'marks'} without a call`,
  marksColumn: 'Marks without a call',
  marksHint: 'Somebody entered the operation without passing the proxy',
  standing: { plain: '', confirmed: 'confirmed', unmapped: 'not on the map', unseen: 'not seen' },
  standingColumn: 'On the map',
  scroll: 'Drawing; the table beside it says the same',
  against: {
    title: 'Held against your own map',
    intro: 'A list of who calls what, as somebody wrote it: what is true of it, and what does it lack?',
    toml: 'Map (TOML)',
    open: 'Open a file',
    begin: 'Begin with what was seen',
    download: 'Download what was seen',
    compare: 'Compare',
    clear: 'Put the map away',
    agrees: 'The map is right: everything on it was seen, and nothing else.',
    summary: { confirmed: 'confirmed', unseen: 'on the map, and not seen', unmapped: 'seen, and not on the map' },
    differences: 'What differs',
    all: 'It is held against all calls of the time range; filters do not count.',
    kinds: { actor: 'actor', service: 'service', operation: 'operation', call: 'call' } as Record<string, string>,
    kind: 'What',
    what: 'Which',
    onService: (what: string, service: string) => `${what} on ${service}`,
    ofActor: (actor: string, what: string) => `${actor}: ${what}`,
    kept: 'It stays in this browser alone.',
  },
};
