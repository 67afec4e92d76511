use dolmen_bus::{Envelope, FailedMessage, Message, Nature, Pattern, Waiting};

/// Which failed messages; what is not said does not matter.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Which messages")]
pub(in crate::commands::bus) struct Selection {
    /// Those of a service
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// Those with a routing key, or that match a pattern
    #[arg(long, value_name = "KEY", value_parser = |text: &str| Pattern::new(text))]
    key: Option<Pattern>,
    /// Those of a nature: business, technical or availability
    #[arg(long, value_name = "NATURE", value_parser = nature)]
    nature: Option<Nature>,
    /// Those whose error holds this text
    #[arg(long, value_name = "TEXT")]
    error: Option<String>,
}

fn nature(text: &str) -> Result<Nature, String> {
    [Nature::Business, Nature::Technical, Nature::Availability]
        .into_iter()
        .find(|nature| nature.as_str() == text)
        .ok_or_else(|| "write business, technical or availability".to_owned())
}

impl Selection {
    /// Whether nothing was said.
    pub(in crate::commands::bus) fn is_empty(&self) -> bool {
        let Self { service, key, nature, error } = self;
        service.is_none() && key.is_none() && nature.is_none() && error.is_none()
    }

    /// Whether a failed message is meant.
    pub(in crate::commands::bus) fn holds(&self, failed: &FailedMessage) -> bool {
        self.is_of(&failed.service, &failed.message, &failed.envelope)
    }

    /// Whether a message that waits is meant.
    pub(super) fn holds_waiting(&self, waiting: &Waiting) -> bool {
        self.is_of(&waiting.service, &waiting.message, &waiting.envelope)
    }

    fn is_of(&self, of: &str, message: &Message, envelope: &Envelope) -> bool {
        let last = envelope.errors.last().map(|error| &error.failure);
        let Self { service, key, nature, error } = self;
        service.as_ref().is_none_or(|service| service == of)
            && key.as_ref().is_none_or(|key| key.matches(&message.routing_key))
            && nature.is_none_or(|nature| last.is_some_and(|failure| failure.nature == nature))
            && error.as_ref().is_none_or(|text| {
                let said = last.map(|failure| failure.text.as_str());
                said.or(envelope.reason.as_deref()).is_some_and(|said| said.contains(text))
            })
    }
}
