import type { tour as english } from '../en/tour';

/** Les mots de la visite guidée, en français. */
export const tour: typeof english = {
  title: 'Visite guidée',
  open: 'Visite guidée',
  of: (n, all) => `Étape ${n} sur ${all}`,
  next: 'Suivant',
  back: 'Précédent',
  end: 'Terminer la visite',
  there: 'M’y emmener',
  keys: 'Visite guidée : étape suivante, étape précédente',
  steps: {
    before: {
      title: 'Avant : un vieux serveur fait tout',
      text: 'Six semaines d’une banque inventée. Chaque tuile est une de ses cinq opérations, et toutes passent par le monolithe. Le journal d’accès seul en montre une sur cinq ; joint au journal applicatif par l’identifiant de requête, les cinq sont là.',
      next: 'Cliquez sur la tuile « external transfer » pour voir qui l’appelle, et d’où.',
    },
    moved: {
      title: 'La première opération est partie',
      text: 'Depuis le 10 mai 2023, les virements externes ont leur propre service. Leur tuile montre un zéro : plus personne ne les appelle sur le monolithe. « Qui a migré » le dit acteur par acteur.',
      next: 'Peut-on les éteindre ? Ouvrez « Extinction » : le verdict dit pas encore, et pourquoi.',
    },
    residual: {
      title: 'Trois semaines plus tard, un appel',
      text: 'La tuile est rouge : un virement externe est tout de même arrivé au monolithe, le premier juin. Une semaine de calme ne prouve rien contre un script mensuel.',
      next: 'Cliquez sur la tuile rouge, puis sur la ligne brute : elle a une adresse, 10.1.9.63, et un agent.',
    },
    end: {
      title: 'Trois ans après : vide, et toujours surveillé',
      text: 'Les opérations sont parties l’une après l’autre, et le proxy répond 410 pour un monolithe qui n’existe plus. « Le monolithe, mois par mois » montre comment il s’est vidé. Ses anciennes routes sont encore journalisées.',
      next: 'Un appel est venu même alors : regardez la tuile « card block ».',
    },
    live: {
      title: 'Maintenant, sous vos yeux',
      text: 'Quelqu’un rallume un vieil ordinateur d’agence oublié dans un placard. Il appelle le monolithe : de la ligne sur le disque à votre écran, il faut une seconde ou deux.',
      next: 'Regardez les alertes dans la navigation : il appelle dans un instant.',
      call: 'Le laisser appeler tout de suite',
      again: 'Le laisser appeler encore',
      arrived: (time) => `Il a appelé à ${time}.`,
      show: 'Montrer sa ligne brute',
    },
  },
};
