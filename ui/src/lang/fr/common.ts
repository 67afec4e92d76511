import type { common as english } from '../en/common';
import { s } from './plural';

/** Les mots de tous les écrans, en français. */
export const common: typeof english = {
  unknown: 'inconnu',
  none: 'aucun',
  calls: (n, text) => `${text} appel${s(n)}`,
  loading: 'Chargement…',
  retry: 'Réessayer',
  lacking: 'Une partie du stockage est illisible, et manque à ce qui est affiché ici.',
  lackingCounted: 'Une partie des lignes est illisible : pour elle, on ne sait qui a appelé qu’à l’heure ou au jour près.',
  close: 'Fermer',
  cancel: 'Annuler',
  apply: 'Appliquer',
  copy: 'Copier',
  copied: 'Copié',
  undo: 'Annuler',
  more: 'Charger la suite',
  all: 'Tout',
  asTable: 'Voir en tableau',
  asChart: 'Voir en graphique',
  exportCsv: 'Exporter en CSV',
  exportNdjson: 'Exporter en NDJSON',
  exportMenu: 'Exporter',
  showCalls: 'Voir les appels',
  personal: {
    hidden: 'Données personnelles masquées',
    shown: 'Données personnelles visibles',
    hiddenShort: 'Masquées',
    shownShort: 'Visibles',
    show: 'Les numéros de carte, IBAN, adresses électroniques et ce que la configuration ajoute sont masqués. Les montrer',
    hide: 'Les numéros de carte, IBAN et adresses électroniques sont lisibles. Les masquer',
    was: { card: 'un numéro de carte, masqué', iban: 'un IBAN, masqué', 'e-mail': 'une adresse électronique, masquée', masked: 'masqué par la configuration' },
  },
  filterBy: (value) => `Ne garder que ${value}`,
};
