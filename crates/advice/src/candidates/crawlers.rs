//! Crawlers by what they call themselves.
//!
//! From their operators' own pages, as of November 2026. To add one: its name as people know it,
//! and a part of its user agent in lower case that nobody else has. The first that fits wins, so a
//! narrower one stands before a wider one.

/// Name, and a part of the user agent in lower case.
const CRAWLERS: &[(&str, &str)] = &[
    ("AdsBot-Google", "adsbot-google"),
    ("Mediapartners-Google", "mediapartners-google"),
    ("Google-InspectionTool", "google-inspectiontool"),
    ("GoogleOther", "googleother"),
    ("Googlebot", "googlebot"),
    ("Bingbot", "bingbot"),
    ("BingPreview", "bingpreview"),
    ("MSNBot", "msnbot"),
    ("DuckDuckBot", "duckduckbot"),
    ("DuckAssistBot", "duckassistbot"),
    ("Yahoo Slurp", "slurp"),
    ("YandexBot", "yandex"),
    ("Baiduspider", "baiduspider"),
    ("Sogou", "sogou"),
    ("360Spider", "360spider"),
    ("YisouSpider", "yisouspider"),
    ("Bytespider", "bytespider"),
    ("PetalBot", "petalbot"),
    ("SeznamBot", "seznambot"),
    ("Qwantbot", "qwant"),
    ("Mojeek", "mojeekbot"),
    ("Coc Coc", "coccocbot"),
    ("Naver Yeti", "yeti/"),
    ("Applebot", "applebot"),
    ("Amazonbot", "amazonbot"),
    ("GPTBot", "gptbot"),
    ("OAI-SearchBot", "oai-searchbot"),
    ("ChatGPT-User", "chatgpt-user"),
    ("ClaudeBot", "claudebot"),
    ("Claude-User", "claude-user"),
    ("Claude-SearchBot", "claude-searchbot"),
    ("PerplexityBot", "perplexitybot"),
    ("Perplexity-User", "perplexity-user"),
    ("MistralAI-User", "mistralai"),
    ("cohere-ai", "cohere-"),
    ("CCBot", "ccbot"),
    ("Diffbot", "diffbot"),
    ("ImagesiftBot", "imagesiftbot"),
    ("Timpibot", "timpibot"),
    ("Omgilibot", "omgili"),
    ("Meta crawler", "meta-external"),
    ("Facebook preview", "facebookexternalhit"),
    ("FacebookBot", "facebookbot"),
    ("Twitterbot", "twitterbot"),
    ("LinkedInBot", "linkedinbot"),
    ("Pinterestbot", "pinterest"),
    ("Slackbot", "slackbot"),
    ("Discordbot", "discordbot"),
    ("TelegramBot", "telegrambot"),
    ("WhatsApp preview", "whatsapp/"),
    ("Mastodon preview", "mastodon/"),
    ("AhrefsBot", "ahrefs"),
    ("SemrushBot", "semrush"),
    ("MJ12bot", "mj12bot"),
    ("DotBot", "dotbot"),
    ("rogerbot", "rogerbot"),
    ("BLEXBot", "blexbot"),
    ("DataForSeoBot", "dataforseobot"),
    ("SerpstatBot", "serpstatbot"),
    ("Barkrowler", "barkrowler"),
    ("SEOkicks", "seokicks"),
    ("Screaming Frog", "screaming frog"),
    ("SiteAuditBot", "siteauditbot"),
    ("AwarioBot", "awario"),
    ("Internet Archive", "archive.org_bot"),
    ("Internet Archive", "ia_archiver"),
    ("Heritrix", "heritrix"),
    ("Nutch", "nutch"),
    ("Scrapy", "scrapy/"),
    ("W3C validator", "w3c_validator"),
    ("W3C link checker", "w3c-checklink"),
    ("Feedly", "feedly"),
    ("Feedbin", "feedbin"),
    ("Inoreader", "inoreader"),
    ("Miniflux", "miniflux"),
    ("FreshRSS", "freshrss"),
    ("Tiny Tiny RSS", "tiny tiny rss"),
];

/// What crawlers that are not in the list call themselves.
const ANY: &[&str] = &["bot/", "bot ", "bot;", "crawler", "spider", "+http://", "+https://"];

/// A crawler's name, and the part of the user agent that gives it away.
pub(super) fn crawler(user_agent: &str) -> Option<(String, String)> {
    let lower = user_agent.to_ascii_lowercase();
    if let Some((name, part)) = CRAWLERS.iter().find(|(_, part)| lower.contains(part)) {
        return Some(((*name).to_owned(), spelled(user_agent, &lower, part)));
    }
    if !ANY.iter().any(|part| lower.contains(part)) {
        return None;
    }
    // `Mozilla/5.0 (compatible; SomeBot/1.0; +https://…)`: the word before the version.
    let is_name = |word: &&str| {
        let lower = word.to_ascii_lowercase();
        ["bot", "crawler", "spider"].iter().any(|part| lower.contains(part))
    };
    let mut words = user_agent.split(|c: char| !(c.is_alphanumeric() || c == '-' || c == '_'));
    let name = words.find(is_name).unwrap_or_else(|| super::agent::product(user_agent));
    Some((name.to_owned(), name.to_owned()))
}

/// The part as the user agent spells it: rules tell upper from lower case.
fn spelled(user_agent: &str, lower: &str, part: &str) -> String {
    let at = lower.find(part).unwrap_or(0);
    user_agent.get(at..at + part.len()).unwrap_or(part).to_owned()
}
