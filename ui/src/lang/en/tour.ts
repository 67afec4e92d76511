/** The words of the guided tour, in English. */
export const tour = {
  title: 'Guided tour',
  open: 'Guided tour',
  of: (n: string, all: string) => `Step ${n} of ${all}`,
  next: 'Next',
  back: 'Back',
  end: 'End the tour',
  there: 'Take me there',
  keys: 'Guided tour: next step, step before',
  steps: {
    before: {
      title: 'Before: one old server does it all',
      text: 'Six weeks of a made-up bank. Each tile is one of its five operations, and all of them run on the monolith. The access log alone shows one of the five; joined with the application’s log by request id, all five are here.',
      next: 'Click the tile “external transfer” to see who calls it, and from where.',
    },
    moved: {
      title: 'The first operation has moved',
      text: 'Since 10 May 2023 external transfers have a service of their own. Their tile shows a zero: nobody called them on the monolith. “Who has moved” says it actor by actor.',
      next: 'Is it safe to switch them off? Open “Switch-off”: the verdict says not yet, and why.',
    },
    residual: {
      title: 'Three weeks later, one call',
      text: 'The tile is red: one external transfer reached the monolith after all, on the first of June. A quiet week is no proof against a monthly script.',
      next: 'Click the red tile, then the raw line: it has an address, 10.1.9.63, and a user agent.',
    },
    end: {
      title: 'After three years: empty, and still watched',
      text: 'Operation after operation has left, and the proxy answers 410 for a monolith that is gone. “The monolith, month by month” shows how it emptied. Its old routes are still logged.',
      next: 'One call came even then: look at the tile “card block”.',
    },
    live: {
      title: 'Now, while you watch',
      text: 'Somebody switches on an old branch computer that was forgotten in a cupboard. It calls the monolith: from the line on the disk to your screen it takes a second or two.',
      next: 'Watch the alerts in the navigation: in a moment it calls.',
      call: 'Let it call now',
      again: 'Let it call again',
      arrived: (time: string) => `It called at ${time}.`,
      show: 'Show its raw line',
    },
  },
};
