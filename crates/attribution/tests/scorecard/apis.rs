//! Invented APIs: their routes, how often each is asked for, and what stands for its parameters.

/// What stands for a parameter.
#[derive(Clone, Copy)]
pub(crate) enum Values {
    Number {
        digits: usize,
    },
    Uuid,
    Hex {
        digits: usize,
    },
    Token {
        length: usize,
    },
    Ulid,
    Date,
    /// A few words.
    OneOf(&'static [&'static str]),
    /// Names by rank, the first the most frequent.
    Named {
        count: usize,
        skew: f64,
        name: fn(usize) -> String,
    },
}

pub(crate) struct Route {
    pub(crate) template: String,
    pub(crate) methods: &'static [&'static str],
    pub(crate) weight: u64,
    pub(crate) operation: u32,
}

pub(crate) struct Api {
    pub(crate) name: &'static str,
    pub(crate) routes: Vec<Route>,
    pub(crate) pools: Vec<(&'static str, Values)>,
    pub(crate) calls: usize,
    /// Percent of the calls that scanners make.
    pub(crate) scans: u64,
}

const GET: &[&str] = &["GET"];
const POST: &[&str] = &["POST"];
const CRUD: &[&str] = &["GET", "GET", "GET", "PUT", "DELETE"];

const SYLLABLES: [&str; 24] = [
    "ba", "co", "du", "fe", "gi", "ha", "jo", "ki", "lu", "ma", "ne", "or", "pa", "qui", "ro",
    "sa", "ti", "ul", "va", "wen", "xa", "yo", "zel", "bre",
];

/// A word of two to four syllables that is another one for each number.
fn word(number: usize) -> String {
    let mut left = number * 7919 + 577;
    let mut word = String::new();
    for _ in 0..2 + number % 3 {
        word.push_str(SYLLABLES[left % SYLLABLES.len()]);
        left /= SYLLABLES.len();
    }
    // Words of few syllables repeat: the number's own tail keeps them apart.
    let mut tail = number / 24;
    while tail > 0 {
        word.push_str(SYLLABLES[tail % 24]);
        tail /= 24;
    }
    word
}

fn username(number: usize) -> String {
    match number % 4 {
        0 => format!("{}.{}", word(number), word(number / 3)),
        1 => format!("{}{}", word(number), number % 90 + 10),
        _ => word(number),
    }
}

fn slug(number: usize) -> String {
    let words: Vec<String> = (0..3 + number % 4).map(|n| word(number * 5 + n)).collect();
    words.join("-")
}

fn tag(number: usize) -> String {
    word(number * 3 + 1)
}

fn tenant(number: usize) -> String {
    format!("{}{}", word(number * 11 + 5), ["", "-group", "corp"][number % 3])
}

fn picture(number: usize) -> String {
    format!("{}.jpg", word(number * 2 + 9))
}

fn route(template: &str, methods: &'static [&'static str], weight: u64) -> Route {
    Route { template: template.to_owned(), methods, weight, operation: 0 }
}

fn entering(
    template: &str,
    methods: &'static [&'static str],
    weight: u64,
    operation: u32,
) -> Route {
    Route { template: template.to_owned(), methods, weight, operation }
}

const fn named(count: usize, skew: f64, name: fn(usize) -> String) -> Values {
    Values::Named { count, skew, name }
}

pub(crate) fn all() -> Vec<Api> {
    vec![
        bank(),
        blog(),
        forge(),
        shop(),
        legacy(),
        tenants(),
        documents(),
        office(),
        media(),
        quiet(),
    ]
}

/// Numbers, accounts and branches, four levels deep.
fn bank() -> Api {
    Api {
        name: "bank",
        routes: vec![
            route("/api/clients/{client}", CRUD, 60),
            route("/api/clients/{client}/accounts", GET, 50),
            route("/api/clients/{client}/accounts/{account}/movements", GET, 80),
            route("/api/clients/{client}/accounts/{account}/statements/{day}", GET, 10),
            route("/api/clients/{client}/cards/{card}/block", POST, 5),
            route("/api/clients/{client}/cards/{card}/ceiling", &["PUT"], 5),
            route("/api/branches/{branch}", GET, 20),
            route("/api/branches/{branch}/counters/{n}", GET, 6),
            route("/api/branches/nearest", GET, 4),
            route("/api/transfers", POST, 30),
            route("/api/transfers/{transfer}", GET, 30),
            route("/api/transfers/{transfer}/cancel", POST, 2),
            route("/api/rates/{day}", GET, 5),
            route("/api/rates/today", GET, 15),
            route("/health", GET, 10),
            route("/metrics", GET, 5),
        ],
        pools: vec![
            ("client", Values::Number { digits: 8 }),
            ("account", Values::Number { digits: 11 }),
            ("card", Values::Number { digits: 16 }),
            ("day", Values::Date),
            ("branch", named(180, 0.6, word)),
            ("n", Values::Number { digits: 1 }),
            ("transfer", Values::Uuid),
        ],
        calls: 12_000,
        scans: 10,
    }
}

/// Slugs with literals beside them, tags, authors, languages.
fn blog() -> Api {
    Api {
        name: "blog",
        routes: vec![
            route("/", GET, 60),
            route("/post/{slug}", GET, 300),
            route("/post/{slug}/comments", &["GET", "POST"], 40),
            route("/post/{slug}/comments/{n}", &["DELETE"], 4),
            route("/post/new", &["GET", "POST"], 20),
            route("/post/drafts", GET, 12),
            route("/tag/{tag}", GET, 60),
            route("/author/{author}", GET, 50),
            route("/author/{author}/feed.xml", GET, 20),
            route("/archive/{year}/{month}", GET, 20),
            route("/feed.xml", GET, 50),
            route("/static/css/site.css", GET, 60),
            route("/static/css/print.css", GET, 4),
            route("/static/js/site.js", GET, 60),
            route("/about", GET, 10),
            route("/contact", &["GET", "POST"], 8),
            route("/login", &["GET", "POST"], 12),
        ],
        pools: vec![
            ("slug", named(900, 1.0, slug)),
            ("n", Values::Number { digits: 4 }),
            ("tag", named(150, 0.9, tag)),
            ("author", named(70, 0.8, username)),
            ("year", Values::Number { digits: 4 }),
            ("month", Values::Number { digits: 2 }),
        ],
        calls: 15_000,
        scans: 25,
    }
}

/// Owners at the root, beside literals; branches and trees below.
fn forge() -> Api {
    Api {
        name: "forge",
        routes: vec![
            route("/", GET, 30),
            route("/login", &["GET", "POST"], 40),
            route("/explore", GET, 40),
            route("/settings/profile", &["GET", "POST"], 25),
            route("/settings/keys", &["GET", "POST"], 25),
            route("/{owner}", GET, 60),
            route("/{owner}/{repo}", GET, 150),
            route("/{owner}/{repo}/issues", GET, 60),
            route("/{owner}/{repo}/issues/{n}", &["GET", "POST"], 80),
            route("/{owner}/{repo}/issues/new", &["GET", "POST"], 25),
            route("/{owner}/{repo}/commit/{commit}", GET, 60),
            route("/{owner}/{repo}/releases", GET, 30),
            route("/{owner}/{repo}/settings", GET, 10),
            route("/api/v1/users/{owner}", GET, 30),
            route("/api/v1/repos/{owner}/{repo}", CRUD, 50),
            route("/api/v1/repos/search", GET, 40),
            route("/api/v2/graphql", POST, 30),
        ],
        pools: vec![
            ("owner", named(400, 0.9, username)),
            ("repo", named(600, 0.8, slug)),
            ("n", Values::Number { digits: 3 }),
            ("commit", Values::Hex { digits: 40 }),
        ],
        calls: 30_000,
        scans: 10,
    }
}

/// Products, carts, and identifiers of random characters.
fn shop() -> Api {
    Api {
        name: "shop",
        routes: vec![
            route("/v1/products/{product}", GET, 200),
            route("/v1/products/{product}/reviews", &["GET", "POST"], 40),
            route("/v1/products/search", GET, 60),
            route("/v2/products/{product}", GET, 60),
            route("/v1/categories/{category}", GET, 60),
            route("/v1/categories/{category}/{product}", GET, 60),
            route("/v1/carts/{cart}", CRUD, 80),
            route("/v1/carts/{cart}/lines/{n}", &["PUT", "DELETE"], 30),
            route("/v1/checkout/{session}", POST, 30),
            route("/v1/orders/{order}", GET, 40),
            route("/v1/orders/{order}/invoice.pdf", GET, 10),
            route("/v1/users/me", &["GET", "PUT"], 50),
            route("/v1/users/{user}", GET, 30),
            route("/v1/users/{user}/wishlist", GET, 20),
            route("/v1/vouchers/{voucher}", GET, 15),
            route("/v1/stores", GET, 15),
        ],
        pools: vec![
            ("product", named(1_500, 0.9, slug)),
            ("category", named(80, 0.7, word)),
            ("cart", Values::Token { length: 22 }),
            ("n", Values::Number { digits: 1 }),
            ("session", Values::Token { length: 32 }),
            ("order", Values::Ulid),
            ("user", named(800, 0.7, username)),
            ("voucher", Values::Hex { digits: 8 }),
        ],
        calls: 25_000,
        scans: 8,
    }
}

/// A servlet, a SOAP service, and operations in the path, which marks tell apart.
fn legacy() -> Api {
    let pages = [
        "accueil",
        "virement",
        "solde",
        "opposition",
        "plafond",
        "releve",
        "chequier",
        "rib",
        "beneficiaires",
        "messages",
        "profil",
        "epargne",
        "credit",
        "assurance",
    ];
    let mut routes = vec![
        route("/banque/servlet", &["GET", "POST"], 80),
        route("/services/BanqueService", POST, 60),
        entering("/exec/1", POST, 20, 1),
        entering("/exec/2", POST, 20, 2),
        entering("/exec/3", POST, 15, 3),
        entering("/exec/7", POST, 10, 4),
        entering("/do/transfer", POST, 20, 1),
        entering("/do/block", POST, 10, 5),
        entering("/do/ceiling", POST, 10, 6),
        entering("/dossier/{dossier}/valider", POST, 30, 7),
        route("/dossier/{dossier}", GET, 50),
        entering("/relais/{site}/depot", POST, 20, 8),
    ];
    routes.extend(pages.iter().map(|page| route(&format!("/ecran/{page}.do"), GET, 12)));
    Api {
        name: "legacy",
        routes,
        pools: vec![
            ("dossier", Values::Number { digits: 7 }),
            ("site", Values::OneOf(&["lyon", "nantes", "brest", "lille"])),
        ],
        calls: 8_000,
        scans: 15,
    }
}

/// The same API below each of a dozen customers.
fn tenants() -> Api {
    Api {
        name: "tenants",
        routes: vec![
            route("/t/{tenant}/users", &["GET", "POST"], 40),
            route("/t/{tenant}/users/{n}", CRUD, 60),
            route("/t/{tenant}/invoices", GET, 40),
            route("/t/{tenant}/invoices/{invoice}", GET, 60),
            route("/t/{tenant}/reports/monthly", GET, 10),
            route("/t/{tenant}/reports/yearly", GET, 5),
            route("/t/{tenant}/settings", &["GET", "PUT"], 10),
            route("/{locale}/help/{topic}", GET, 40),
            route("/{locale}/help", GET, 30),
            route("/{locale}/legal", GET, 30),
            route("/signup", POST, 10),
        ],
        pools: vec![
            ("tenant", named(12, 0.5, tenant)),
            ("n", Values::Number { digits: 4 }),
            ("invoice", Values::Uuid),
            ("locale", Values::OneOf(&["fr", "en", "de", "es", "it"])),
            ("topic", named(90, 0.6, slug)),
        ],
        calls: 10_000,
        scans: 5,
    }
}

/// Literals all the way down: pages of a manual, none of which is a parameter.
fn documents() -> Api {
    let parts = ["guide", "reference", "tutorial", "faq", "release-notes"];
    let mut routes = vec![route("/docs", GET, 20), route("/docs/search", GET, 20)];
    for (number, part) in parts.iter().enumerate() {
        routes.push(route(&format!("/docs/{part}"), GET, 10));
        for page in 0..6 + number * 3 {
            let page = word(page * 13 + number);
            routes.push(route(&format!("/docs/{part}/{page}"), GET, 6));
        }
    }
    Api { name: "documents", routes, pools: vec![], calls: 4_000, scans: 20 }
}

/// A program of many screens, each with a few deeds.
fn office() -> Api {
    let things = [
        "invoices",
        "suppliers",
        "orders",
        "payments",
        "budgets",
        "employees",
        "leaves",
        "vehicles",
        "rooms",
        "contracts",
        "assets",
        "tickets",
        "projects",
        "timesheets",
    ];
    let mut routes = Vec::new();
    for (number, thing) in things.iter().enumerate() {
        routes.push(route(&format!("/app/{thing}"), &["GET", "POST"], 20));
        routes.push(route(&format!("/app/{thing}/{{n}}"), CRUD, 30));
        if number % 2 == 0 {
            routes.push(route(&format!("/app/{thing}/export"), GET, 8));
        }
        if number % 3 == 0 {
            routes.push(route(&format!("/app/{thing}/{{n}}/approve"), POST, 8));
        }
    }
    Api {
        name: "office",
        routes,
        pools: vec![("n", Values::Number { digits: 5 })],
        calls: 9_000,
        scans: 5,
    }
}

/// Many pictures, few styles.
fn media() -> Api {
    Api {
        name: "media",
        routes: vec![
            route("/img/{picture}", GET, 200),
            route("/img/thumbs/{picture}", GET, 100),
            route("/assets/app.css", GET, 60),
            route("/assets/app.js", GET, 60),
            route("/assets/vendor.js", GET, 60),
            route("/assets/fonts/serif.woff2", GET, 30),
            route("/assets/fonts/sans.woff2", GET, 30),
            route("/upload", POST, 10),
            route("/albums/{album}", GET, 60),
            route("/albums/{album}/{n}", GET, 60),
        ],
        pools: vec![
            ("picture", named(2_500, 0.8, picture)),
            ("album", named(300, 1.1, tag)),
            ("n", Values::Number { digits: 3 }),
        ],
        calls: 14_000,
        scans: 12,
    }
}

/// Hardly any calls: what cannot be known must not be guessed.
fn quiet() -> Api {
    Api {
        name: "quiet",
        routes: vec![
            route("/status", GET, 10),
            route("/jobs", GET, 10),
            route("/jobs/{n}", GET, 10),
            route("/jobs/{n}/log", GET, 10),
            route("/reports/daily", GET, 4),
            route("/reports/weekly", GET, 4),
            route("/reports/monthly", GET, 3),
            route("/reports/yearly", GET, 1),
            route("/keys/{key}", GET, 10),
            route("/nodes/{node}", GET, 10),
            route("/admin/users", GET, 3),
            route("/admin/audit", GET, 3),
            route("/admin/backup", POST, 2),
        ],
        pools: vec![
            ("n", Values::Number { digits: 3 }),
            ("key", Values::Uuid),
            ("node", named(60, 0.3, |n| format!("srv-{}-{:02}", word(n % 3), n))),
        ],
        calls: 400,
        scans: 30,
    }
}
