//! Who calls, what for, and who answers.

use std::net::Ipv4Addr;

use crate::stories::dice::Dice;

/// Who calls the bank's servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Actor {
    /// What private customers see.
    WebPortal,
    /// The web service that large accounts call.
    LargeAccounts,
    /// What a clerk at a branch sees.
    BranchTool,
    /// A shell script that blocks the cards of a nightly list.
    BashOpposition,
    /// A shell script that carries out transfers from files.
    BashVirement,
    /// A script that counts the month's external transfers, on the first of each month.
    MonthlyCount,
    /// A branch's computer that was forgotten in a cupboard, with the branch tool of years ago.
    OldComputer,
}

/// Whom everybody knows.
pub(crate) const KNOWN: [Actor; 3] = [Actor::WebPortal, Actor::LargeAccounts, Actor::BranchTool];
/// Whom nobody knows, until they say who they are.
pub(crate) const SCRIPTS: [Actor; 2] = [Actor::BashOpposition, Actor::BashVirement];

/// Whether the two shell scripts say who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scripts {
    /// They send what curl and wget send when nobody tells them otherwise.
    Anonymous,
    /// They send a user agent of their own.
    Named,
}

impl Actor {
    /// What the story calls it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::WebPortal => "web portal",
            Self::LargeAccounts => "large accounts",
            Self::BranchTool | Self::OldComputer => "branch tool",
            Self::BashOpposition => "bash opposition",
            Self::BashVirement => "bash virement",
            Self::MonthlyCount => "monthly count",
        }
    }

    /// The `User-Agent` it sends.
    pub(crate) const fn user_agent(self, scripts: Scripts) -> &'static str {
        match (self, scripts) {
            (Self::WebPortal, _) => "PortailWeb/4.2",
            (Self::LargeAccounts, _) => "ServiceGrandsComptes/2.8 (Java/11.0.18)",
            (Self::BranchTool, _) => "OutilAgence/5.1 (Windows NT 10.0; Win64; x64)",
            (Self::BashOpposition, Scripts::Anonymous) => "curl/7.81.0",
            (Self::BashOpposition, Scripts::Named) => "bash-opposition/1.0",
            (Self::BashVirement, Scripts::Anonymous) => "Wget/1.21.2",
            (Self::BashVirement, Scripts::Named) => "bash-virement/1.0",
            (Self::MonthlyCount, _) => "Python-urllib/3.9",
            (Self::OldComputer, _) => "OutilAgence/4.6 (Windows NT 6.1; WOW64)",
        }
    }

    /// The host it calls from; the scripts have one each, a person at a branch one of many.
    pub(super) fn address(self, dice: &mut Dice) -> Ipv4Addr {
        match self {
            Self::WebPortal => Ipv4Addr::new(10, 1, 0, dice.between(11, 15) as u8),
            Self::LargeAccounts => Ipv4Addr::new(10, 1, 2, dice.between(21, 23) as u8),
            Self::BranchTool => {
                Ipv4Addr::new(10, 20, dice.between(1, 41) as u8, dice.between(11, 16) as u8)
            }
            Self::BashOpposition => OPPOSITION_HOST,
            Self::BashVirement => VIREMENT_HOST,
            Self::MonthlyCount => Ipv4Addr::new(10, 1, 9, 63),
            Self::OldComputer => Ipv4Addr::new(10, 20, 31, 19),
        }
    }
}

/// The machine that runs "bash opposition".
pub(crate) const OPPOSITION_HOST: Ipv4Addr = Ipv4Addr::new(10, 1, 9, 17);
/// The machine that runs "bash virement".
pub(crate) const VIREMENT_HOST: Ipv4Addr = Ipv4Addr::new(10, 1, 9, 42);

/// What the bank does for its customers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operation {
    /// From one account of the bank to another.
    InternalTransfer,
    /// To another bank.
    ExternalTransfer,
    /// A lost card stops working ("opposition").
    CardBlock,
    /// What is on an account, and what went through it.
    Balance,
    /// How much a card may spend.
    CardCeiling,
}

impl Operation {
    /// All five.
    pub(crate) const ALL: [Self; 5] = [
        Self::InternalTransfer,
        Self::ExternalTransfer,
        Self::CardBlock,
        Self::Balance,
        Self::CardCeiling,
    ];

    /// What the story, the rules and the application logs call it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::InternalTransfer => "internal transfer",
            Self::ExternalTransfer => "external transfer",
            Self::CardBlock => "card block",
            Self::Balance => "balance and movements",
            Self::CardCeiling => "card ceiling",
        }
    }
}

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Service {
    /// Everything, at first.
    Monolith,
    /// The first to leave.
    ExternalTransfers,
    /// The second.
    InternalTransfers,
    /// Block and ceiling.
    Cards,
    /// Balance and movements.
    Accounts,
    /// What is left: the sign-in page, images, the health page.
    Pages,
}

impl Service {
    /// The monolith first, then in the order in which they leave it.
    pub(crate) const ALL: [Self; 6] = [
        Self::Monolith,
        Self::ExternalTransfers,
        Self::InternalTransfers,
        Self::Cards,
        Self::Accounts,
        Self::Pages,
    ];

    /// What the story calls it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Monolith => "monolith",
            Self::ExternalTransfers => "external transfers",
            Self::InternalTransfers => "internal transfers",
            Self::Cards => "cards",
            Self::Accounts => "accounts",
            Self::Pages => "pages",
        }
    }
}
