//! What every transport of the bus promises, written once: each promise and each known trap is a
//! named test, and a transport's own tests run them all with [`suite!`](crate::suite).
//!
//! A test speaks to a transport through [`dolmen_bus::Transport`] and to the world through its
//! [`Rig`]. Nothing sleeps for a result: tests wait for what must come, and a rig's clock may run
//! faster than the machine's.

pub mod broker;
mod cable;
mod clock;
mod deliver;
mod foreign;
mod operate;
mod publish;
mod refusing;
mod retry;
mod tools;
mod worker;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use dolmen_bus::{Clock, Transport};

pub use cable::Cable;
pub use clock::FastClock;
pub use deliver::*;
pub use foreign::publish_foreign;
pub use operate::*;
pub use publish::*;
pub use retry::*;
pub use tools::{Scene, within};
pub use worker::*;

/// A bus of its own for one test.
#[async_trait]
pub trait Rig: Send + Sync + 'static {
    /// The bus as one more process sees it.
    async fn open(&self) -> Process;

    /// The clock that the bus goes by.
    fn clock(&self) -> Arc<dyn Clock>;

    /// What the bus's clock counts while the machine's counts `real`; whole seconds, as RabbitMQ
    /// waits. For waits that must outlast some work.
    fn lasting(&self, real: Duration) -> Duration;

    /// How many redeliveries without an answer make a failed message on this bus; more than
    /// [`dolmen_bus::ALONE_FROM`], and few enough to wait for.
    fn redelivery_limit(&self) -> u32;
}

/// Ends a process as `kill -9` would.
pub type Kill = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// One process's view of the bus.
pub struct Process {
    /// The way to the bus.
    pub transport: Arc<dyn Transport>,
    /// Ends it.
    pub kill: Kill,
}

/// Makes a test of every promise. `$rig` is an expression that makes a [`Rig`]; it may `.await`.
#[macro_export]
macro_rules! suite {
    ($rig:expr) => {
        $crate::suite! { @ $rig;
            // publish
            what_was_confirmed_reaches_every_service_that_listens
            a_service_with_two_patterns_that_match_gets_one_copy
            patterns_hear_what_they_should
            a_message_comes_back_as_it_was_sent
            one_bad_message_in_a_batch_and_none_is_sent
            what_nobody_listens_to_is_visible
            what_was_confirmed_survives_its_producer
            a_service_that_was_not_set_up_is_refused
            setting_up_twice_changes_nothing
            what_a_service_no_longer_names_is_no_longer_heard
            // deliver
            a_delivery_without_an_answer_comes_again
            a_killed_worker_loses_nothing
            what_is_handed_back_comes_again_untouched
            what_is_handed_back_often_keeps_its_history
            a_delivery_is_settled_once
            no_more_than_the_prefetch_is_out_at_a_time
            dropping_next_loses_nothing
            closing_hands_back_what_was_fetched
            two_workers_of_a_service_share_its_messages
            a_message_that_kills_its_worker_takes_no_neighbour_along
            what_is_redelivered_too_often_is_a_failed_message
            // retry
            a_retry_reaches_only_the_service_that_failed
            names_with_dots_are_kept_apart
            a_message_is_never_early
            a_longer_wait_blocks_no_shorter_one
            the_history_travels_with_the_message
            a_wait_is_as_long_as_asked_or_longer
            a_wait_ends_no_later_than_it_may
            return_to_the_exchange_sends_ten_welcome_mails
            return_to_the_service_sends_one_welcome_mail
            forwarding_keeps_the_id_and_the_history
            nothing_is_forwarded_to_nobody
            messages_that_wait_for_a_removed_service_are_visible_and_delay_nobody
            // worker
            the_tenth_softfail_is_a_hardfail
            a_service_that_is_back_at_the_fourth_attempt_is_done
            a_hardfail_is_kept_at_once_and_recorded_once
            a_forwarding_loop_ends_as_a_failed_message
            an_outage_pauses_the_service_and_burns_no_attempts
            one_message_that_always_fails_pauses_nobody
            a_handler_that_cannot_be_run_pauses_instead_of_failing
            one_message_that_cannot_be_run_stops_no_service
            a_new_process_that_gets_through_ends_a_pause
            what_is_forwarded_to_an_impossible_name_is_a_failed_message
            what_is_forwarded_to_nobody_is_a_failed_message
            a_broken_contract_is_a_hardfail_that_no_handler_sees
            a_panic_and_the_time_limit_are_softfails
            stopping_lets_handlers_finish_and_hands_back_the_rest
            after_the_grace_time_messages_are_handed_back
            a_handler_is_not_run_again_because_the_answer_waits
            // operate
            depths_say_where_messages_are
            the_journal_tells_a_message_s_story
            the_journal_is_read_on_from_where_one_was
            outcomes_of_the_same_time_are_records_of_their_own
            failed_messages_stay_until_they_are_kept
            looking_takes_nothing_and_deciding_takes_one
            a_failed_message_can_be_sent_to_its_service_again
            nothing_is_sent_to_an_impossible_name
            a_service_with_ready_messages_is_not_removed
            waiting_messages_are_listed_and_reached_or_that_is_refused
        }
    };
    (@ $rig:expr; $($test:ident)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                $crate::$test($rig).await;
            }
        )*
    };
}
