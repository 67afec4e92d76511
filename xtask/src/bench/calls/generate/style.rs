//! One call, as different servers log it.

use std::io::{self, Write};

use super::Record;
use super::dates::{apache_time, date_and_time, rfc_3339};

/// Whose lines they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Apache's `combined` with the id and the duration behind it.
    Apache,
    /// nginx's `combined` with the same, in seconds.
    Nginx,
    /// JSON of nginx's making.
    NginxJson,
    /// HAProxy's `httplog`, with the id behind it.
    Haproxy,
    /// Envoy's default.
    Envoy,
    /// Caddy's JSON.
    Caddy,
    /// Traefik's text.
    Traefik,
    /// The log of AWS's application load balancer.
    Alb,
    /// W3C's extended format, as IIS writes it.
    W3c,
}

impl Style {
    /// Those that dolmen finds out about by itself.
    pub(crate) const ALL: [Self; 9] = [
        Self::Apache,
        Self::Nginx,
        Self::NginxJson,
        Self::Haproxy,
        Self::Envoy,
        Self::Caddy,
        Self::Traefik,
        Self::Alb,
        Self::W3c,
    ];

    /// What stands before the first line.
    pub(super) fn begin(self, out: &mut impl Write) -> io::Result<()> {
        match self {
            Self::W3c => writeln!(
                out,
                "#Fields: date time c-ip cs-method cs-uri-stem sc-status sc-bytes time-taken cs(User-Agent)"
            ),
            _ => Ok(()),
        }
    }

    /// The line of a call.
    pub(super) fn line(self, out: &mut impl Write, record: &Record) -> io::Result<()> {
        let Record { micros, id, duration, address, agent, method, target, status, size, .. } =
            record;
        let at = rfc_3339(*micros);
        let seconds = *duration as f64 / 1e6;
        let millis = duration / 1000;
        // As long as X-Ray's.
        let trace = id.get(..24).unwrap_or(id);
        match self {
            Self::Apache | Self::Nginx => {
                let clf = apache_time(*micros);
                write!(
                    out,
                    r#"{address} - - [{clf}] "{method} {target} HTTP/1.1" {status} {size} "-" "{agent}" "#
                )?;
                match self {
                    Self::Apache => writeln!(out, r#""{id}" {duration}"#),
                    _ => writeln!(out, r#"{id} {seconds:.3}"#),
                }
            }
            Self::NginxJson => writeln!(
                out,
                r#"{{"time_iso8601":"{at}","remote_addr":"{address}","request_method":"{method}","request_uri":"{target}","status":"{status}","body_bytes_sent":"{size}","request_time":"{seconds:.3}","http_user_agent":"{agent}","request_id":"{id}"}}"#
            ),
            Self::Haproxy => {
                let clf = apache_time(*micros);
                let clf = clf.strip_suffix(" +0000").unwrap_or(&clf);
                writeln!(
                    out,
                    r#"{address}:40000 [{clf}.000] front back/one 0/0/1/{millis}/{millis} {status} {size} - - ---- 1/1/1/1/0 0/0 "{method} {target} HTTP/1.1" {id}"#
                )
            }
            Self::Envoy => writeln!(
                out,
                r#"[{at}] "{method} {target} HTTP/2" {status} - 0 {size} {millis} 1 "{address}" "{agent}" "{id}" "bank.example" "10.1.0.1:80""#
            ),
            Self::Caddy => {
                let (whole, fraction) = (micros / 1_000_000, micros % 1_000_000);
                writeln!(
                    out,
                    r#"{{"level":"info","ts":{whole}.{fraction:06},"logger":"http.log.access.log0","msg":"handled request","request":{{"remote_ip":"{address}","remote_port":"40000","client_ip":"{address}","proto":"HTTP/2.0","method":"{method}","host":"bank.example","uri":"{target}","headers":{{"User-Agent":["{agent}"],"X-Request-Id":["{id}"]}}}},"bytes_read":0,"user_id":"","duration":{seconds:.6},"size":{size},"status":{status},"resp_headers":{{"Server":["Caddy"]}}}}"#
                )
            }
            Self::Traefik => {
                let clf = apache_time(*micros);
                writeln!(
                    out,
                    r#"{address} - - [{clf}] "{method} {target} HTTP/1.1" {status} {size} "-" "{agent}" 7 "monolith@file" "http://10.1.0.1:80" {millis}ms"#
                )
            }
            Self::Alb => writeln!(
                out,
                r#"http {at} app/bank/50dc6c495c0c9188 {address}:40000 10.1.0.1:80 0.000 {seconds:.3} 0.000 {status} {status} 34 {size} "{method} http://bank.example:80{target} HTTP/1.1" "{agent}" - - arn:aws:elasticloadbalancing:eu-west-3:1:targetgroup/bank/1 "Root=1-58337262-{trace}" "-" "-" 0 {at} "forward" "-" "-" "10.1.0.1:80" "{status}" "-" "-""#
            ),
            Self::W3c => {
                let (date, time) = date_and_time(*micros);
                let agent = agent.replace(' ', "+");
                let path = target.split('?').next().unwrap_or_default();
                writeln!(
                    out,
                    "{date} {time} {address} {method} {path} {status} {size} {millis} {agent}"
                )
            }
        }
    }
}
