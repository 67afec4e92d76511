mod run;

use std::time::Duration;

use dolmen_bus::{ExitCodes, Http, Pattern, Policy, PolicySettings, check_name};
use dolmen_model::nearest;

use super::open::{Bus, BusArgs, Missing, connect, settings};
use super::{note, print_json};
use crate::commands::Context;
use crate::exit::{Exit, UsageError};
use crate::render::bus;
use crate::settings::{HandlerSettings, Program, ServiceSettings};
pub(crate) use run::Worked;
use run::{Answer, Job};

/// Handle the messages of a service
///
/// Each message goes to a program of any language: the body on its standard input, the rest in
/// its environment (DOLMEN_MESSAGE_ID, DOLMEN_ROUTING_KEY, DOLMEN_ATTEMPT, DOLMEN_SERVICE,
/// TRACEPARENT). Its exit code says what came of it:
///
///   0  done
///  75  softfail, technical: try again later
///  69  softfail, availability: something it needs is not there
///  65  hardfail, business: what is asked cannot be
///   1  and all others: hardfail, technical
///
/// The last lines of its standard error say why. A signal or the time limit is a softfail; a
/// program that cannot be run at all pauses the service.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct WorkArgs {
    #[command(flatten)]
    bus: BusArgs,
    /// The service
    #[arg(long, value_name = "NAME", required_unless_present = "all")]
    service: Option<String>,
    /// Every service of the configuration that has a handler
    #[arg(long, conflicts_with_all = ["service", "listen", "exec", "pipe", "http"])]
    all: bool,
    /// Listen to a routing key: `*` is one word of it, `#` any number (repeatable)
    ///
    /// The service is then set up with exactly these. Without it, it must have been set up.
    #[arg(long, value_name = "KEY", value_parser = pattern)]
    listen: Vec<Pattern>,
    #[command(flatten)]
    program: ProgramArgs,
    #[command(flatten)]
    policy: PolicyArgs,
    /// How many messages are handled at a time [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    concurrency: Option<u16>,
    /// How many messages are fetched ahead, those being handled included
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    prefetch: Option<u16>,
    /// How long one delivery may take [default: 10m]
    #[arg(long, value_name = "TIME", value_parser = time_limit)]
    time_limit: Option<Duration>,
    /// How long handlers may finish when the worker is stopped [default: 30s]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    grace: Option<Duration>,
    /// End when no message is ready; messages that wait are not waited for
    #[arg(long)]
    until_idle: bool,
    /// Print what was done as JSON
    #[arg(long)]
    json: bool,
}

/// What handles a message.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "What handles a message (one of)")]
#[group(multiple = false)]
struct ProgramArgs {
    /// A shell command, run once for each message
    #[arg(long, value_name = "COMMAND")]
    exec: Option<String>,
    /// A shell command that keeps running: a JSON line in, a JSON line out for each message
    #[arg(long, value_name = "COMMAND")]
    pipe: Option<String>,
    /// A URL that each message is posted to
    #[arg(long, value_name = "URL")]
    http: Option<String>,
}

/// When to try again.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "When it fails")]
struct PolicyArgs {
    /// How long a message waits before it comes again; several are used in turn [default: 30m]
    #[arg(long, value_name = "TIME")]
    delay: Vec<String>,
    /// How many deliveries at most, the first included [default: 10]
    #[arg(long, value_name = "N")]
    attempts: Option<u32>,
    /// What an exit code means: 10='softfail, availability' (repeatable)
    #[arg(long, value_name = "CODE=MEANING", value_parser = exit_code)]
    exit_code: Vec<(u8, String)>,
}

const EXAMPLES: &str = "Examples:
  dolmen bus work --service googleapps --listen notify.gram.user.created --exec ./create-account
  dolmen bus work --service mail --listen 'notify.#' --http http://127.0.0.1:8080/messages
  dolmen bus work --all
  dolmen bus work --all --until-idle          (for cron)

SIGTERM and Ctrl-C stop it: it takes nothing new, lets handlers finish, and hands back the rest.
Half a second later another one ends it at once; what was not answered is delivered again.
$DOLMEN_LOG says how much it tells on standard error: error, warn, info, debug.";

fn pattern(text: &str) -> Result<Pattern, String> {
    Pattern::new(text).map_err(|error| error.to_string())
}

fn duration(text: &str) -> Result<Duration, String> {
    let parsed = text.parse::<jiff::SignedDuration>().ok();
    let duration = parsed.and_then(|duration| Duration::try_from(duration).ok());
    duration.ok_or_else(|| "write \"30s\", \"10m\", \"1h 30m\"".to_owned())
}

fn time_limit(text: &str) -> Result<Duration, String> {
    let limit = duration(text)?;
    if limit.is_zero() {
        return Err("no handler is done in no time: write \"10m\"".to_owned());
    }
    Ok(limit)
}

fn exit_code(text: &str) -> Result<(u8, String), String> {
    let (code, meaning) = text.split_once('=').ok_or("write CODE=MEANING")?;
    let code = code.parse().map_err(|_| format!("{code:?} is no exit code: those are 1 to 255"))?;
    // Only to say at once what is wrong with it.
    ExitCodes::default().map(code, meaning).map_err(|error| error.to_string())?;
    Ok((code, meaning.to_owned()))
}

pub(super) async fn run(args: WorkArgs, context: &Context) -> anyhow::Result<Exit> {
    let missing = if args.listen.is_empty() { Missing::Refuse } else { Missing::Make };
    let (configured, mut meant) = settings(&args.bus, context)?;
    // Their waits may exist; what is wrong with them is told with the service's name.
    args.policy.retry(&mut meant.retry);
    let bus = connect(&configured, meant, missing, &[]).await?;
    let jobs = match &args.service {
        Some(name) => vec![one(name, &args, &bus)?],
        None => all(&args, &bus)?,
    };
    let end = if args.until_idle { run::End::Idle } else { run::End::Told };
    run::log(&mut std::env::var("DOLMEN_LOG").unwrap_or_default())?;
    for job in &jobs {
        note(&job.greeting());
    }
    let answer: Answer = run::run(&bus, jobs, end).await?;
    bus.close().await?;
    match args.json {
        true => print_json(&answer)?,
        false => bus::worked(&answer.services, context.terminal)?,
    }
    Ok(Exit::Done)
}

fn all(args: &WorkArgs, bus: &Bus) -> anyhow::Result<Vec<Job>> {
    let with_handler = bus.settings.services.iter().filter(|service| service.handler.is_some());
    let mut services: Vec<ServiceSettings> = with_handler.cloned().collect();
    if services.is_empty() {
        let why = "the configuration has no [[bus.service]] with `exec`, `pipe` or `http`";
        return Err(UsageError(why.to_owned()).into());
    }
    args.policy.apply(&mut services)?;
    Ok(services.into_iter().map(|service| job(service, args, bus)).collect())
}

/// The service that was named, with what was typed put in.
fn one(name: &str, args: &WorkArgs, bus: &Bus) -> anyhow::Result<Job> {
    check_name(name).map_err(|error| UsageError(error.to_string()))?;
    let services = &bus.settings.services;
    let mut service = match services.iter().find(|service| service.name == name) {
        Some(service) => service.clone(),
        None => new(name, bus)?,
    };
    let typed = match &args.program {
        ProgramArgs { exec: Some(command), .. } => Some(Program::Exec(command.clone())),
        ProgramArgs { pipe: Some(command), .. } => Some(Program::Pipe(command.clone())),
        ProgramArgs { http: Some(url), .. } => {
            Http::check(url).map_err(|error| UsageError(error.to_string()))?;
            Some(Program::Http(url.clone()))
        }
        ProgramArgs { exec: None, pipe: None, http: None } => None,
    };
    let is_typed = typed.is_some();
    if let Some(program) = typed {
        // Another program, and what its exit codes mean is still what the service says.
        let exit_codes = service.handler.map(|handler| handler.exit_codes).unwrap_or_default();
        service.handler = Some(HandlerSettings { program, exit_codes });
    }
    if service.handler.is_none() {
        let names = services.iter().map(|service| service.name.as_str());
        let advice = match nearest(name, names.filter(|other| *other != name)) {
            Some(near) => format!(" (did you mean {near}?)"),
            None => String::new(),
        };
        return Err(UsageError(format!(
            "nothing handles the messages of {name}{advice}: say --exec COMMAND, --pipe COMMAND \
             or --http URL"
        ))
        .into());
    }
    args.policy.apply(std::slice::from_mut(&mut service))?;
    let mut job = job(service, args, bus);
    job.listen = args.listen.iter().map(ToString::to_string).collect();
    if is_typed {
        // A command that was typed runs where it was typed.
        job.folder = None;
    }
    Ok(job)
}

impl PolicyArgs {
    /// Puts what was typed into every one of these services.
    fn apply(&self, services: &mut [ServiceSettings]) -> anyhow::Result<()> {
        for service in services.iter_mut() {
            self.retry(&mut service.retry);
            let policy = Policy::build(&service.retry, &service.name);
            service.policy =
                policy.map_err(|error| UsageError(format!("{}: {error}", service.name)))?;
        }
        if self.exit_code.is_empty() {
            return Ok(());
        }
        let handlers = services.iter_mut().filter_map(|service| service.handler.as_mut());
        let mut with_code = 0;
        for handler in handlers.filter(|handler| matches!(handler.program, Program::Exec(_))) {
            with_code += 1;
            for (code, meaning) in &self.exit_code {
                let codes = handler.exit_codes.clone().map(*code, meaning);
                handler.exit_codes = codes.map_err(|error| UsageError(error.to_string()))?;
            }
        }
        if with_code == 0 {
            let why = "--exit-code is for --exec: with --pipe the answer says what came of a \
                       message, with --http the status";
            return Err(UsageError(why.to_owned()).into());
        }
        Ok(())
    }

    fn retry(&self, retry: &mut PolicySettings) {
        if !self.delay.is_empty() {
            (retry.first, retry.factor, retry.ceiling, retry.jitter) = (None, None, None, None);
            retry.delays = Some(self.delay.clone());
        }
        let Some(attempts) = self.attempts else { return };
        retry.attempts = Some(attempts);
        // Fewer attempts than were configured leave the last delays without a use; who typed both
        // is told that they do not fit.
        if let Some(delays) = retry.delays.as_mut().filter(|_| self.delay.is_empty()) {
            let waits = usize::try_from(attempts).unwrap_or(usize::MAX).saturating_sub(1);
            delays.truncate(waits.max(1));
        }
    }
}

/// A service that the configuration does not know.
fn new(name: &str, bus: &Bus) -> anyhow::Result<ServiceSettings> {
    let retry = bus.settings.retry.clone();
    let policy =
        Policy::build(&retry, name).map_err(|error| UsageError(format!("{name}: {error}")))?;
    Ok(ServiceSettings {
        name: name.to_owned(),
        about: None,
        owner: None,
        listen: Vec::new(),
        sends: Vec::new(),
        policy,
        retry,
        handler: None,
        concurrency: None,
        prefetch: None,
        time_limit: None,
        grace: None,
    })
}

fn job(mut service: ServiceSettings, args: &WorkArgs, bus: &Bus) -> Job {
    service.concurrency = args.concurrency.or(service.concurrency);
    service.prefetch = args.prefetch.or(service.prefetch);
    service.time_limit = args.time_limit.or(service.time_limit);
    service.grace = args.grace.or(service.grace);
    Job { service, listen: Vec::new(), folder: bus.folder.clone() }
}
