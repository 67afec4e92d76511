//! What is said around the reports. One value a language; the rest of the demo has no words.

/// The words of the demo in one language. Paragraphs are one line each, broken where the screen
/// ends.
#[derive(Debug)]
pub(crate) struct Texts {
    /// The first line.
    pub(crate) title: &'static str,
    /// What the story is.
    pub(crate) intro: &'static str,
    /// The monolith's own access log.
    pub(crate) first: Step,
    /// The proxy's log joined with the application's.
    pub(crate) joined: Step,
    /// Three actors.
    pub(crate) three_actors: Step,
    /// Five actors.
    pub(crate) five_actors: Step,
    /// May it be switched off?
    pub(crate) verdict: Step,
    /// The three days on which that is asked.
    pub(crate) verdict_days: [&'static str; 3],
    /// The heading of the table of routes.
    pub(crate) routes: &'static str,
    /// Its columns: operation, route, calls.
    pub(crate) routes_columns: [&'static str; 3],
    /// What comes after these steps.
    pub(crate) next: &'static str,
    /// That one may ask more; a command to type follows.
    pub(crate) kept: &'static str,
    /// That the logs are gone.
    pub(crate) thrown_away: &'static str,
}

/// The words around one report.
#[derive(Debug)]
pub(crate) struct Step {
    /// Its heading.
    pub(crate) title: &'static str,
    /// What one is about to see.
    pub(crate) before: &'static str,
    /// What one has seen.
    pub(crate) after: &'static str,
}

/// English.
pub(crate) const ENGLISH: Texts = Texts {
    title: "Monobanque: a bank leaves its monolith",
    intro: "A made-up bank runs five operations on one old server: internal transfers, external \
            transfers, card blocks, balance and movements, card ceilings. It wants to move them to \
            small services one by one. Before it switches anything off, it must know who calls \
            what. Its logs of fourteen days were just written; all that follows is computed from \
            them.",
    first: Step {
        title: "Step 1, the first look: the monolith's own access log",
        before: "This log was always there. One thing is known of it: an external transfer has \
                 ?op=virementExterne in its address. So there is one rule, and no more.",
        after: "One operation of five. The other four are in these lines too, but a path full of \
                identifiers, a form, JSON or XML does not say which is which, and most of what \
                decides is in the body, which no access log shows.",
    },
    joined: Step {
        title: "Step 1, the second look: the same days, joined",
        before: "Now the reverse proxy gives each request an id, logs it and passes it on; the \
                 monolith writes one line, with that id, where an operation is entered. The two \
                 logs are joined by the id.",
        after: "Five of five, and every route that leads to each. Look at POST /api/operations: it \
                leads to two operations, because the body decides. And one line of XML may carry \
                two kinds of transfer at once: such a call counts under both operations, and once \
                in the total. Calls without an operation are pages, images, health checks, and \
                requests that were refused before they entered anything.",
    },
    three_actors: Step {
        title: "Step 2: name the actors",
        before: "The web portal, the web service for large accounts and the branch tool each send \
                 a user agent of their own. Three rules name them.",
        after: "21 % of the calls come from nobody known, and all of them from two machines. One \
                blocks cards, the other makes transfers; curl and wget are what shell scripts use. \
                Whoever has the address can go there and look: \"bash opposition\" and \"bash \
                virement\". Nobody would have asked them before the monolith was switched off.",
    },
    five_actors: Step {
        title: "Step 2, once more: the scripts say who they are",
        before: "The same fourteen days, had the two scripts sent a user agent. That is one option \
                 of curl and wget, and two more rules.",
        after: "Nothing is unknown any more.",
    },
    verdict: Step {
        title: "Step 3: may it be switched off?",
        before: "The three years after are written too, one call in ten. Operation after operation \
                 leaves the monolith, and dolmen verdict says from which day silence is proof. \
                 \"Safe on\" is that day, if nobody calls any more.",
        after: "Everybody known had moved on the tenth of May, and all was quiet. A month of silence \
                would have been no proof: a script counts transfers on the first of each month, and \
                nobody knew it. At the end one operation is left: a computer that was forgotten in a \
                cupboard has called once, and only somebody who knows can say that it will not again.",
    },
    verdict_days: [
        "10 May 2023: everybody known has moved.",
        "2 June 2023: one call more, at 06:15 the day before.",
        "March 2026, after three years:",
    ],
    routes: "Routes",
    routes_columns: ["operation", "route", "calls"],
    next: "In the end the proxy answers for a monolith that is gone, and its old routes are still \
           watched.",
    kept: "Ask the three years yourself:",
    thrown_away: "The logs were written to a temporary folder and are gone. To keep them, say \
                  where: dolmen demo --dir bank",
};
