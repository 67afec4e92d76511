import type { Counted, map as english } from '../en/map';
import { s } from './plural';

const some = ({ n, text }: Counted, one: string) => `${text} ${one}${s(n)}`;

/** Les mots de la carte, en français. */
export const map: typeof english = {
  title: 'Carte',
  intro: 'Qui appelle quelle opération, et quel service répond. Un ruban est aussi épais que ses appels ; sa couleur est celle du service.',
  drawing: 'Qui appelle quoi, et où',
  summary: (actors, operations, services, calls) => `${some(actors, 'acteur')} connu${s(actors.n)}, ${some(operations, 'opération')}, ${some(services, 'service')}, ${some(calls, 'appel')}`,
  sides: { actor: 'Acteurs', operation: 'Opérations', service: 'Services' },
  noOperation: 'aucune opération',
  others: (text) => `${text} autres`,
  marks: (n, text) => `${text} trace${s(n)} sans appel`,
  marksColumn: 'Traces sans appel',
  marksHint: 'Quelqu’un est entré dans l’opération sans passer par le proxy',
  standing: { plain: '', confirmed: 'confirmé', unmapped: 'absent de la carte', unseen: 'jamais vu' },
  standingColumn: 'Sur la carte',
  scroll: 'Dessin ; le tableau à côté dit la même chose',
  against: {
    title: 'Comparée à votre propre carte',
    intro: 'Une liste de qui appelle quoi, telle que quelqu’un l’a écrite : qu’est-ce qui est vrai, et que manque-t-il ?',
    toml: 'Carte (TOML)',
    open: 'Ouvrir un fichier',
    begin: 'Partir de ce qui a été vu',
    download: 'Télécharger ce qui a été vu',
    compare: 'Comparer',
    clear: 'Ranger la carte',
    agrees: 'La carte est juste : tout ce qui y figure a été vu, et rien d’autre.',
    summary: { confirmed: 'confirmés', unseen: 'sur la carte, jamais vus', unmapped: 'vus, absents de la carte' },
    differences: 'Ce qui diffère',
    all: 'Elle est comparée à tous les appels de la période ; les filtres ne comptent pas.',
    kinds: { actor: 'acteur', service: 'service', operation: 'opération', call: 'appel' },
    kind: 'Quoi',
    what: 'Lequel',
    onService: (what, service) => `${what} sur ${service}`,
    ofActor: (actor, what) => `${actor} : ${what}`,
    kept: 'Elle reste dans ce seul navigateur.',
  },
};
