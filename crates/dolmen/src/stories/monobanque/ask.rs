//! What a caller may ask for, and how each interface looks from outside.

use std::fmt::Write;

use super::cast::{Operation, Service};
use crate::stories::dice::Dice;

/// One kind of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ask {
    /// Balance and movements, by REST.
    Movements,
    /// Balance and movements, by SOAP.
    MovementsByXml,
    /// An internal transfer, by a form or JSON.
    InternalByBody,
    /// An internal transfer, by SOAP.
    InternalByXml,
    /// An external transfer, by `?op=`.
    ExternalByQuery,
    /// An external transfer, by SOAP.
    ExternalByXml,
    /// A batch of internal and external transfers in one SOAP message: one request, two operations.
    BatchByXml,
    /// A card is blocked, by REST.
    BlockByPath,
    /// A card's ceiling is changed, by a form or JSON.
    CeilingByBody,
    /// How many external transfers there were this month, by `?op=`.
    CountByQuery,
    /// The description of the SOAP service.
    Wsdl,
    /// A page's images, styles and scripts.
    Static,
    /// "Are you there?"
    Health,
    /// Sent on to the sign-in page.
    Login,
    /// The help page; it has an `?op=` too, and is no operation.
    Help,
    /// Something that is not there.
    Lost,
}

/// Where in a request the operation is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Interface {
    /// In a query parameter: an access log shows it.
    Query,
    /// In the path, mixed with identifiers.
    Path,
    /// In a form or in JSON: an access log does not show it.
    Body,
    /// In a SOAP message: neither.
    Xml,
}

/// A method and a path template on one service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Route {
    /// Who answers there.
    pub(crate) service: Service,
    /// The method.
    pub(crate) method: &'static str,
    /// The path template.
    pub(crate) path: &'static str,
}

/// A page's files, and how many bytes each has.
const STATIC: [(&str, u64); 8] = [
    ("/static/portail.css", 18_334),
    ("/static/portail.js", 91_027),
    ("/static/agence.css", 9_412),
    ("/static/agence.js", 64_870),
    ("/static/img/logo.svg", 3_105),
    ("/static/img/fond.jpg", 148_291),
    ("/static/fonts/monobanque.woff2", 27_640),
    ("/static/aide/aide.css", 1_227),
];

/// Files that somebody still asks for.
const LOST: [(&str, u64); 4] = [
    ("/favicon.ico", 196),
    ("/robots.txt", 196),
    ("/static/img/ancien-logo.gif", 196),
    ("/portail/index.htm", 196),
];

impl Ask {
    /// The operations it enters, when it is let in.
    pub(crate) const fn operations(self) -> &'static [Operation] {
        match self {
            Self::Movements | Self::MovementsByXml => &[Operation::Balance],
            Self::InternalByBody | Self::InternalByXml => &[Operation::InternalTransfer],
            Self::ExternalByQuery | Self::ExternalByXml | Self::CountByQuery => {
                &[Operation::ExternalTransfer]
            }
            Self::BatchByXml => &[Operation::InternalTransfer, Operation::ExternalTransfer],
            Self::BlockByPath => &[Operation::CardBlock],
            Self::CeilingByBody => &[Operation::CardCeiling],
            Self::Wsdl | Self::Static | Self::Health | Self::Login | Self::Help | Self::Lost => &[],
        }
    }

    /// Where the monolith finds the operation; `None` where there is none to find.
    pub(crate) const fn interface(self) -> Option<Interface> {
        match self {
            Self::ExternalByQuery | Self::CountByQuery => Some(Interface::Query),
            Self::Movements | Self::BlockByPath => Some(Interface::Path),
            Self::InternalByBody | Self::CeilingByBody => Some(Interface::Body),
            Self::MovementsByXml | Self::InternalByXml | Self::ExternalByXml | Self::BatchByXml => {
                Some(Interface::Xml)
            }
            Self::Wsdl | Self::Static | Self::Health | Self::Login | Self::Help | Self::Lost => {
                None
            }
        }
    }

    /// The service that answers once this has left the monolith.
    pub(super) const fn new_home(self) -> Service {
        match self {
            Self::Movements | Self::MovementsByXml => Service::Accounts,
            Self::InternalByBody | Self::InternalByXml | Self::BatchByXml => {
                Service::InternalTransfers
            }
            Self::ExternalByQuery | Self::ExternalByXml | Self::CountByQuery => {
                Service::ExternalTransfers
            }
            Self::BlockByPath | Self::CeilingByBody => Service::Cards,
            Self::Wsdl | Self::Static | Self::Health | Self::Login | Self::Help | Self::Lost => {
                Service::Pages
            }
        }
    }

    /// The route to it: the monolith's old one, or its new home's.
    pub(crate) const fn route(self, service: Service) -> Route {
        let (method, path) = match service {
            Service::Monolith => self.old_route(),
            _ => self.new_route(),
        };
        Route { service, method, path }
    }

    const fn old_route(self) -> (&'static str, &'static str) {
        match self {
            Self::Movements => ("GET", "/api/compteService/{client}/mouvements/{compte}"),
            Self::BlockByPath => ("POST", "/api/carteService/{client}/opposition/{carte}"),
            Self::InternalByBody | Self::CeilingByBody => ("POST", "/api/operations"),
            Self::MovementsByXml | Self::InternalByXml | Self::ExternalByXml | Self::BatchByXml => {
                ("POST", "/services/BanqueService")
            }
            Self::ExternalByQuery => ("POST", "/banque/servlet"),
            Self::CountByQuery | Self::Help => ("GET", "/banque/servlet"),
            Self::Wsdl => ("GET", "/services/BanqueService"),
            Self::Health => ("GET", "/sante"),
            Self::Login => ("GET", "/portail/"),
            Self::Static | Self::Lost => ("GET", "{file}"),
        }
    }

    const fn new_route(self) -> (&'static str, &'static str) {
        match self {
            Self::Movements | Self::MovementsByXml => ("GET", "/comptes/v1/{compte}/mouvements"),
            Self::BlockByPath => ("POST", "/cartes/v1/{carte}/opposition"),
            Self::CeilingByBody => ("PUT", "/cartes/v1/{carte}/plafond"),
            Self::InternalByBody | Self::InternalByXml | Self::BatchByXml => {
                ("POST", "/virements-internes/v1/virements")
            }
            Self::ExternalByQuery | Self::ExternalByXml => {
                ("POST", "/virements-externes/v1/virements")
            }
            Self::CountByQuery => ("GET", "/virements-externes/v1/virements"),
            Self::Wsdl => ("GET", "/pages/contrats"),
            Self::Health => ("GET", "/pages/sante"),
            Self::Login => ("GET", "/pages/portail/"),
            Self::Help => ("GET", "/pages/aide"),
            Self::Static | Self::Lost => ("GET", "/pages{file}"),
        }
    }

    /// One request's target: the route with identifiers in its places, and a query where the
    /// interface has one.
    pub(super) fn target(self, service: Service, dice: &mut Dice) -> String {
        let mut target = String::with_capacity(64);
        let mut rest = self.route(service).path;
        while let Some((literal, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            target.push_str(literal);
            self.identifier(name, dice, &mut target);
            rest = after;
        }
        target.push_str(rest);
        if service == Service::Monolith {
            self.old_query(dice, &mut target);
        }
        target
    }

    fn identifier(self, name: &str, dice: &mut Dice, target: &mut String) {
        let number = match name {
            "client" => dice.between(10_000_000, 10_400_000),
            "compte" => dice.between(30_004_000_000, 30_004_900_000),
            "carte" => dice.between(4_970_000_000, 4_970_600_000),
            _ => {
                let files = self.files();
                target.push_str(files[dice.below(files.len() as u64) as usize].0);
                return;
            }
        };
        // Writing to a String cannot fail.
        let _ = write!(target, "{number}");
    }

    /// What stands for `{file}`.
    const fn files(self) -> &'static [(&'static str, u64)] {
        match self {
            Self::Lost => &LOST,
            _ => &STATIC,
        }
    }

    fn old_query(self, dice: &mut Dice, target: &mut String) {
        match self {
            Self::ExternalByQuery => {
                let session = dice.any();
                let _ = write!(target, "?op=virementExterne&session={session:016x}");
            }
            Self::CountByQuery => target.push_str("?op=virementExterne&compter=mois"),
            Self::Help => target.push_str("?op=aide"),
            Self::Wsdl => target.push_str("?wsdl"),
            _ => {}
        }
    }

    /// The bytes of an answer to `target`: a file's own, or as many as chance has it.
    pub(super) fn bytes(self, target: &str, dice: &mut Dice) -> u64 {
        match self {
            Self::Movements | Self::MovementsByXml => dice.between(1_800, 14_000),
            Self::Static | Self::Lost => {
                let file = self.files().iter().find(|(name, _)| target.ends_with(name));
                file.map_or(0, |&(_, bytes)| bytes)
            }
            Self::Wsdl => 31_204,
            Self::Health => 2,
            Self::Login => 231,
            _ => dice.between(180, 900),
        }
    }

    /// A short and a usual time to answer, in microseconds.
    pub(super) const fn pace(self) -> (u64, u64) {
        match self {
            Self::Static | Self::Health | Self::Login | Self::Lost => (300, 4_000),
            Self::Help | Self::Wsdl => (2_000, 9_000),
            Self::BatchByXml | Self::CountByQuery => (180_000, 900_000),
            Self::MovementsByXml | Self::InternalByXml | Self::ExternalByXml => (30_000, 140_000),
            _ => (12_000, 80_000),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_stand_in_the_places_of_the_template() {
        let target = Ask::BlockByPath.target(Service::Monolith, &mut Dice::new(1));
        let parts: Vec<&str> = target.split('/').collect();
        assert_eq!((parts[1], parts[2], parts[4]), ("api", "carteService", "opposition"));
        assert!(parts[3].parse::<u64>().is_ok() && parts[5].parse::<u64>().is_ok());
    }

    #[test]
    fn only_external_transfers_show_in_a_query() {
        let asks = [Ask::InternalByBody, Ask::CeilingByBody, Ask::InternalByXml, Ask::BatchByXml];
        for ask in asks {
            assert!(!ask.target(Service::Monolith, &mut Dice::new(1)).contains('?'), "{ask:?}");
        }
        let target = Ask::ExternalByQuery.target(Service::Monolith, &mut Dice::new(1));
        assert!(target.starts_with("/banque/servlet?op=virementExterne&"));
    }

    #[test]
    fn one_old_route_leads_to_two_operations() {
        let transfer = Ask::InternalByBody.route(Service::Monolith);
        assert_eq!(transfer, Ask::CeilingByBody.route(Service::Monolith));
        assert_ne!(Ask::InternalByBody.operations(), Ask::CeilingByBody.operations());
    }
}
