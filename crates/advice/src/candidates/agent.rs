//! What a user agent says: which product, and of what sort.

/// The product that a user agent names first: `curl` of `curl/7.81.0`.
pub(super) fn product(user_agent: &str) -> &str {
    let end = user_agent.find(['/', ' ', '(', ';']).unwrap_or(user_agent.len());
    &user_agent[..end]
}

/// What programs send when nobody tells them otherwise, by product.
const LIBRARIES: &[&str] = &[
    "aiohttp",
    "Apache-CXF",
    "Apache-HttpAsyncClient",
    "Apache-HttpClient",
    "Axis",
    "axios",
    "bruno-runtime",
    "cpp-httplib",
    "curl",
    "Dart",
    "Deno",
    "fasthttp",
    "Faraday",
    "feign",
    "fetch",
    "Go-http-client",
    "got",
    "gSOAP",
    "GuzzleHttp",
    "hackney",
    "HTTPie",
    "httpx",
    "hyper",
    "insomnia",
    "Jakarta",
    "JAX-WS",
    "Java",
    "Java-http-client",
    "jersey",
    "libcurl",
    "libwww-perl",
    "lua-resty-http",
    "lwp-request",
    "LWP",
    "Mechanize",
    "Metro",
    "node",
    "node-fetch",
    "okhttp",
    "PHP",
    "PostmanRuntime",
    "Python",
    "python-httpx",
    "python-requests",
    "Python-urllib",
    "python-urllib3",
    "Rest-Client",
    "RestSharp",
    "Ruby",
    "rust-reqwest",
    "reqwest",
    "SOAPUI",
    "Spring",
    "superagent",
    "Typhoeus",
    "undici",
    "unirest",
    "ureq",
    "Wget",
    "WinHttp",
    "XML-RPC",
];

/// Whether a user agent is a library's own: it says nothing of who uses it. So does none at all.
pub(super) fn is_library(user_agent: &str) -> bool {
    let product = product(user_agent);
    let is = |library: &&str| library.eq_ignore_ascii_case(product);
    user_agent.is_empty()
        || user_agent == "-"
        || LIBRARIES.iter().any(is)
        || user_agent.contains("PowerShell/")
        || user_agent.contains("JAX-WS RI")
}

/// Whether it is a person's browser, by its own words.
pub(super) fn is_browser(user_agent: &str) -> bool {
    const ENGINES: &[&str] =
        &["Chrome/", "Firefox/", "Safari/", "Edg/", "OPR/", "Trident/", "MSIE ", "Gecko/"];
    user_agent.starts_with("Mozilla/")
        && !user_agent.contains("Headless")
        && ENGINES.iter().any(|engine| user_agent.contains(engine))
}

/// Who asks whether something is there, by a part of its user agent in lower case.
const PROBES: &[&str] = &[
    "amazon-route53-health-check",
    "better uptime",
    "betterstack",
    "blackbox-exporter",
    "blackbox exporter",
    "check_http",
    "checkly",
    "cloudflare-traffic-manager",
    "consul health",
    "datadog",
    "elb-healthchecker",
    "freshping",
    "gatus",
    "googlehc",
    "grafana",
    "haproxy",
    "healthcheck",
    "health-check",
    "healthchecker",
    "hetrixtools",
    "icinga",
    "jetmon",
    "kube-probe",
    "load balancer agent",
    "monit/",
    "monitoring",
    "munin",
    "nagios",
    "newrelicpinger",
    "nodeping",
    "pingdom",
    "prometheus",
    "prtg",
    "sensu",
    "site24x7",
    "statuscake",
    "telegraf",
    "updown.io",
    "uptime-kuma",
    "uptimerobot",
    "varnish",
    "zabbix",
];

/// Whether a monitoring program signs it.
pub(super) fn is_probe(user_agent: &str) -> bool {
    contains_one(user_agent, PROBES)
}

/// Programs that look for holes, by a part of their user agent in lower case.
const SCANNERS: &[&str] = &[
    "acunetix",
    "arachni",
    "burp",
    "censysinspect",
    "dirbuster",
    "expanse",
    "feroxbuster",
    "ffuf",
    "fuzz faster",
    "gobuster",
    "internet-measurement",
    "l9explore",
    "l9tcpid",
    "masscan",
    "nessus",
    "netsparker",
    "nikto",
    "nmap",
    "nuclei",
    "onyphe",
    "openvas",
    "paloalto",
    "projectdiscovery",
    "qualys",
    "shodan",
    "sqlmap",
    "w3af",
    "wfuzz",
    "whatweb",
    "wpscan",
    "zaproxy",
    "zgrab",
];

/// Whether a scanner signs it.
pub(super) fn is_scanner(user_agent: &str) -> bool {
    contains_one(user_agent, SCANNERS)
        || user_agent.contains("() {")
        || user_agent.contains("${jndi:")
}

fn contains_one(user_agent: &str, parts: &[&str]) -> bool {
    let lower = user_agent.to_ascii_lowercase();
    parts.iter().any(|part| lower.contains(part))
}
