//! What is said around the journal. One value a language; the rest of the story has no words.

/// The words of the story in one language.
#[derive(Debug)]
pub(crate) struct Texts {
    /// The first line.
    pub(crate) title: &'static str,
    /// What the story is.
    pub(crate) intro: &'static str,
    /// What waited goes to everybody again.
    pub(crate) first_way: Step,
    /// What waited returns to one service.
    pub(crate) one_service: Step,
    /// The API comes back.
    pub(crate) back: Step,
    /// A message that breaks the format.
    pub(crate) broken: Step,
    /// `{mails}` welcome mails.
    pub(crate) mails: [&'static str; 2],
}

/// The words around one journal.
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
    title: "Agoram: an association moves to a message bus",
    intro: "A new member is announced once, under the key notify.gram.user.created. Two services \
            listen: googleapps makes an account, welcome-mail writes a mail. Today the Google API \
            is down. What follows was just played on real buses, each in a file, with a clock that \
            was moved by hand; every table is the journal of one message.",
    first_way: Step {
        title: "The first way: what waited is published to everybody again",
        before: "return = \"exchange\". A softfail waits half an hour outside the service, then the \
                 message goes to the exchange again; the tenth softfail is a hardfail.",
        after: "Ten deliveries, nine waits, four hours and a half, one record with ten errors. \
                Nothing was lost. But each retry reached welcome-mail too, which had done its work: \
                the new member has ten mails.",
    },
    one_service: Step {
        title: "The same, with a wait for one service",
        before: "return = \"service\", which is the default: what waited returns to the service \
                 that failed, and to no other.",
        after: "The same ten deliveries, and one mail.",
    },
    back: Step {
        title: "The API is back at the fourth attempt",
        before: "Three softfails, then Google answers.",
        after: "Done. The three errors stay in the journal, and nobody had to do anything.",
    },
    broken: Step {
        title: "A message that breaks the agreed format",
        before: "The id is a text where the contract says a whole number.",
        after: "A technical hardfail at once, with the place in the message. Google was not asked, \
                and nothing is tried again that could never succeed; `dolmen bus failed` lists it.",
    },
    mails: ["welcome mail was written", "welcome mails were written"],
};
