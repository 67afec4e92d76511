//! Who is meant, as data and in a sentence.

use dolmen_model::Language;
use serde::Serialize;

use crate::callers::Group;
use crate::evidence::Caller;
use crate::french;

/// A caller that a sentence is about, on one address or on many.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Who {
    /// Who; the address is the last one that was seen.
    #[serde(flatten)]
    pub caller: Caller,
    /// From how many addresses.
    pub addresses: usize,
}

impl From<Caller> for Who {
    fn from(caller: Caller) -> Self {
        Self { caller, addresses: 1 }
    }
}

impl Who {
    pub(crate) fn of(group: &Group) -> Self {
        Self { caller: group.caller.clone(), addresses: group.addresses }
    }

    /// As a sentence names it: "curl/8 from 10.0.9.4".
    pub fn said(&self, language: Language) -> String {
        match language {
            Language::English => self.english(),
            Language::French => french::who(self),
        }
    }

    /// What the rules or its user agent call it.
    pub(crate) fn name(&self) -> Option<&str> {
        self.caller.actor.as_deref().or(self.caller.user_agent.as_deref())
    }

    fn english(&self) -> String {
        let Self { caller: Caller { address, is_hidden, .. }, addresses } = self;
        match (self.name(), address) {
            _ if *is_hidden => "somebody whom no proxy logged".to_owned(),
            (name, _) if *addresses > 1 => {
                format!("{} (from {addresses} addresses)", name.unwrap_or("unknown"))
            }
            (Some(name), Some(address)) => format!("{name} from {address}"),
            (Some(name), None) => name.to_owned(),
            (None, Some(address)) => address.clone(),
            (None, None) => "somebody unknown".to_owned(),
        }
    }
}
