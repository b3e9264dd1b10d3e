//! Citizens' complaints as a year in the city of Mojokerto brings them: invented, but in their own words.
//!
//! Everything follows from the seed of the [`fastrand::Rng`], so a run can be repeated to the letter. The kelurahan
//! and the agencies are the city's own; persons, numbers, addresses and events are invented.
//!
//! Templates are plain text with three marks: `{street}` is a slot of the [`Scene`], `[a|b|c]` any of the choices, and
//! `[#a|b|c]` the one that the scene's variant decides, so that title, text and answer speak of the same thing.

use aduan::event::Class;

/// A complaint as a citizen would bring it, and what would be said about it afterwards.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    /// Where it arrives, e.g. `whatsapp`.
    pub channel: &'static str,
    /// What the channel calls it; a few arrive without.
    pub channel_reference: Option<String>,
    /// What a verifier would class it as.
    pub class: Class,
    /// What it is about, e.g. `jalan-rusak`.
    pub category: &'static str,
    /// Who is competent: a code of [`AGENCIES`].
    pub agency: &'static str,
    /// Who would plausibly get it by mistake: another code of [`AGENCIES`].
    pub wrong_agency: &'static str,
    /// A line that names the matter.
    pub title: String,
    /// What the citizen wrote, 40 to 600 characters.
    pub text: String,
    /// An invented name.
    pub reporter: String,
    /// An invented telephone number or e-mail address.
    pub contact: String,
    /// The exact address, with an invented number.
    pub place: String,
    /// The kelurahan, e.g. `gunung-gedangan`.
    pub area: &'static str,
    /// Latitude and longitude in millionths of a degree.
    pub microdegrees: (i32, i32),
    /// Whether the public may not learn who wrote it.
    pub anonymous: bool,
    /// Whether the public may not learn what it says.
    pub secret: bool,
    /// What the agency answers.
    pub answer: String,
    /// What an officer would ask back.
    pub question: String,
    /// What the citizen says to that question.
    pub reply: String,
    /// What the citizen says when content with the answer.
    pub thanks: String,
    /// What the citizen says when contesting it.
    pub protest: String,
}

/// The next complaint.
pub(crate) fn draft(rng: &mut fastrand::Rng) -> Draft {
    let channel = weighted(rng, CHANNELS);
    let class = weighted(rng, CLASSES);
    let topic = pick(rng, topics(class));
    let scene = Scene::draw(rng, &topic);
    let reporter = format!("{} {}", pick(rng, GIVEN_NAMES), pick(rng, FAMILY_NAMES));
    let contact = contact(rng, channel, &reporter);
    let (hidden_name, hidden_text) = match class {
        Class::Supervisory => (0.7, 0.8),
        Class::Complaint => (0.18, 0.06),
        Class::Information | Class::Aspiration => (0.08, 0.02),
    };
    let answer = format!("{ANSWER_OPENING} {} {ANSWER_CLOSING}", topic.answer);
    let question = format!("{QUESTION_OPENING} {}", topic.question);
    Draft {
        channel,
        channel_reference: channel_reference(rng, channel, &contact),
        class,
        category: topic.category,
        agency: scene.agency,
        wrong_agency: scene.competent(topic.wrong),
        title: capitalised(fill(rng, topic.title, &scene)),
        text: text(rng, channel, class, &topic, &scene),
        reporter,
        contact,
        place: format!(
            "{} No. {}, {}, Kelurahan {}, Kota Mojokerto",
            scene.street, scene.number, scene.neighbourhood, scene.area.name
        ),
        area: scene.area.slug,
        microdegrees: near(rng, scene.area.centre),
        anonymous: rng.f64() < hidden_name,
        secret: rng.f64() < hidden_text,
        answer: fill(rng, &answer, &scene),
        question: fill(rng, &question, &scene),
        reply: spoken(rng, channel, &[topic.reply], &scene),
        thanks: spoken(rng, channel, thanks(class), &scene),
        protest: spoken(rng, channel, protests(class), &scene),
    }
}

/// Opening, story, and what people add to it, in the manner of the channel.
fn text(rng: &mut fastrand::Rng, channel: &str, class: Class, topic: &Topic, scene: &Scene) -> String {
    let manner = manner(channel);
    let story = fill(rng, topic.stories[scene.variant % topic.stories.len()], scene);
    let opening = one_of(rng, manner.openings, scene);
    let mut parts = vec![opening, capitalised(story)];
    if manner.talkative && class == Class::Complaint && rng.f64() < 0.5 {
        parts.push(one_of(rng, EFFECTS, scene));
    }
    if rng.f64() < 0.75 {
        parts.push(fill(rng, pleas(class), scene));
    }
    parts.push(one_of(rng, manner.closings, scene));
    parts.retain(|part| !part.is_empty());
    shortened(rng, &parts.join(" "), manner.shorthand)
}

/// A sentence of the citizen, in the manner of the channel.
fn spoken(rng: &mut fastrand::Rng, channel: &str, templates: &[&str], scene: &Scene) -> String {
    let sentence = capitalised(one_of(rng, templates, scene));
    shortened(rng, &sentence, manner(channel).shorthand)
}

/// What stays the same within one complaint, whoever speaks.
struct Scene {
    area: &'static Area,
    agency: &'static str,
    subject: &'static str,
    street: String,
    number: String,
    neighbourhood: String,
    landmark: &'static str,
    since: String,
    day: &'static str,
    /// A day the offices are open, and an hour they are.
    weekday: &'static str,
    office_hour: String,
    hour: String,
    /// The working day on which the agency acted.
    handled_on: &'static str,
    /// Which of the topic's stories it is, and which choice of every `[#…]`.
    variant: usize,
}

impl Scene {
    fn draw(rng: &mut fastrand::Rng, topic: &Topic) -> Self {
        let area = &AREAS[rng.usize(..AREAS.len())];
        let mut scene = Scene {
            area,
            agency: topic.agency,
            subject: topic.subject,
            street: String::new(),
            number: rng.u32(1..190).to_string(),
            neighbourhood: format!("RT {:02} RW {:02}", rng.u32(1..8), rng.u32(1..7)),
            landmark: pick(rng, LANDMARKS),
            since: String::new(),
            day: pick(rng, DAYS),
            weekday: pick(rng, &DAYS[..5]),
            office_hour: clock_time(rng, 8..14),
            hour: clock_time(rng, 6..23),
            handled_on: pick(rng, &DAYS[..5]),
            variant: rng.usize(..12),
        };
        scene.agency = scene.competent(topic.agency);
        scene.street = format!("Jl. {}", fill(rng, area.streets, &scene));
        scene.since = fill(rng, SINCE, &scene);
        scene
    }

    /// The code itself, or for [`KECAMATAN`] the district the place lies in.
    fn competent(&self, code: &'static str) -> &'static str {
        if code == KECAMATAN { self.area.district } else { code }
    }

    fn slot(&self, name: &str) -> &str {
        match name {
            "street" => &self.street,
            "number" => &self.number,
            "rt" => &self.neighbourhood,
            "kel" => self.area.name,
            "landmark" => self.landmark,
            "since" => &self.since,
            "day" => self.day,
            "weekday" => self.weekday,
            "office_hour" => &self.office_hour,
            "hour" => &self.hour,
            "handled_on" => self.handled_on,
            "subject" => self.subject,
            "agency" => full_name(self.agency),
            _ => unreachable!("no template names the slot {name}"),
        }
    }
}

/// One of the templates, filled.
fn one_of(rng: &mut fastrand::Rng, templates: &[&str], scene: &Scene) -> String {
    let template = pick(rng, templates);
    fill(rng, template, scene)
}

/// The template with its slots filled and its choices made. A choice may hold slots, not other choices.
fn fill(rng: &mut fastrand::Rng, template: &str, scene: &Scene) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(open) = rest.find(['[', '{']) {
        let is_choice = rest[open..].starts_with('[');
        let close =
            rest[open..].find(if is_choice { ']' } else { '}' }).expect("every bracket in the tables is closed");
        let inside = &rest[open + 1..open + close];
        filled.push_str(&rest[..open]);
        if is_choice {
            let choices: Vec<&str> = inside.trim_start_matches('#').split('|').collect();
            let choice = match inside.starts_with('#') {
                true => choices[scene.variant % choices.len()],
                false => pick(rng, &choices),
            };
            filled.push_str(&fill(rng, choice, scene));
        } else {
            filled.push_str(scene.slot(inside));
        }
        rest = &rest[open + close + 1..];
    }
    filled.push_str(rest);
    filled
}

/// How people write on a channel.
struct Manner {
    openings: &'static [&'static str],
    closings: &'static [&'static str],
    /// How many of the words that can be abbreviated are, 0 to 1.
    shorthand: f64,
    /// Whether they add what else they have tried and suffered.
    talkative: bool,
}

fn manner(channel: &str) -> Manner {
    let (openings, closings, shorthand, talkative) = match channel {
        "whatsapp" => (CHAT_OPENINGS, CHAT_CLOSINGS, 0.35, true),
        "facebook" | "instagram" => (SOCIAL_OPENINGS, SOCIAL_CLOSINGS, 0.3, true),
        "twitter" => (SOCIAL_OPENINGS, SOCIAL_CLOSINGS, 0.5, false),
        "sms-1708" => (SMS_OPENINGS, SMS_CLOSINGS, 0.75, false),
        "walk-in" | "field-visit" => (DESK_OPENINGS, DESK_CLOSINGS, 0.0, true),
        _ => (PORTAL_OPENINGS, PORTAL_CLOSINGS, 0.03, true),
    };
    Manner { openings, closings, shorthand, talkative }
}

/// Lower-case words abbreviated the way thumbs do it, each with the given chance.
fn shortened(rng: &mut fastrand::Rng, text: &str, share: f64) -> String {
    let words = text.split(' ').map(|word| {
        let bare = word.trim_end_matches([',', '.', '?', '!']);
        let short = SHORTHAND.iter().find(|(long, _)| *long == bare);
        match short {
            Some((_, short)) if rng.f64() < share => format!("{short}{}", &word[bare.len()..]),
            _ => word.to_owned(),
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// A telephone number where the channel is one; elsewhere sometimes an e-mail address.
fn contact(rng: &mut fastrand::Rng, channel: &str, reporter: &str) -> String {
    if matches!(channel, "whatsapp" | "sms-1708") || rng.f64() < 0.55 {
        let prefix = pick(rng, &["0812", "0813", "0821", "0857", "0877"]);
        format!("{prefix}-0000-{:04}", rng.u32(0..10_000))
    } else {
        let name = reporter.to_lowercase().replace(' ', ".");
        format!("{name}{}@example.id", rng.u32(1..1000))
    }
}

/// The name the channel itself gives the message; one in forty was lost on the way.
fn channel_reference(rng: &mut fastrand::Rng, channel: &str, contact: &str) -> Option<String> {
    if rng.u32(0..40) == 0 {
        return None;
    }
    Some(match channel {
        "lapor.go.id" => format!("{}", rng.u32(10_000_000..100_000_000)),
        "curhatningita.lapor.go.id" => format!("CNI-{}", rng.u32(10_000_000..100_000_000)),
        "facebook" => format!("pfbid{:016x}", rng.u64(..)),
        "instagram" => (0..11).map(|_| rng.alphanumeric()).collect(),
        "twitter" => rng.u64(1_500_000_000_000_000_000..1_999_999_999_999_999_999).to_string(),
        "sms-1708" => {
            let (hour, minute, second) = (rng.u32(0..24), rng.u32(0..60), rng.u32(0..60));
            format!("{contact}@{hour:02}:{minute:02}:{second:02}")
        }
        "whatsapp" => format!("wamid.{:032X}", rng.u128(..)),
        "mobile-app" => format!("APP-{:09}", rng.u32(..1_000_000_000)),
        "walk-in" => format!("LOKET-{}/{:07}", rng.u32(1..5), rng.u32(..10_000_000)),
        _ => format!("KUNJUNGAN-{:08}", rng.u32(..100_000_000)),
    })
}

/// A point within some 250 metres.
fn near(rng: &mut fastrand::Rng, (latitude, longitude): (i32, i32)) -> (i32, i32) {
    (latitude + rng.i32(-2_300..=2_300), longitude + rng.i32(-2_300..=2_300))
}

/// Every sentence begins with a capital, also where a slot begins it.
fn capitalised(text: String) -> String {
    let mut ended = true;
    let mut before = ' ';
    text.chars()
        .map(|letter| {
            let begins = ended && before == ' ';
            ended = matches!(letter, '.' | '?' | '!') || (ended && letter == ' ');
            before = letter;
            if begins { letter.to_ascii_uppercase() } else { letter }
        })
        .collect()
}

fn clock_time(rng: &mut fastrand::Rng, hours: std::ops::Range<u32>) -> String {
    format!("{:02}.{:02}", rng.u32(hours), rng.u32(..12) * 5)
}

fn full_name(agency: &str) -> &'static str {
    let found = AGENCIES.iter().find(|(code, _)| *code == agency);
    found.expect("the tables name only agencies of the city").1
}

pub(crate) fn pick<T: Copy>(rng: &mut fastrand::Rng, table: &[T]) -> T {
    table[rng.usize(..table.len())]
}

/// One of the table, by the weights in front.
pub(crate) fn weighted<T: Copy>(rng: &mut fastrand::Rng, table: &[(u32, T)]) -> T {
    let total: u32 = table.iter().map(|(weight, _)| weight).sum();
    let mut left = rng.u32(..total);
    for (weight, item) in table {
        if left < *weight {
            return *item;
        }
        left -= weight;
    }
    unreachable!("what is left is below the sum of the weights")
}

fn topics(class: Class) -> &'static [Topic] {
    match class {
        Class::Information => QUESTIONS,
        Class::Aspiration => WISHES,
        Class::Complaint => GRIEVANCES,
        Class::Supervisory => SUSPICIONS,
    }
}

/// What citizens bring, and how the conversation about it goes.
#[derive(Clone, Copy)]
struct Topic {
    category: &'static str,
    agency: &'static str,
    wrong: &'static str,
    /// The matter in two or three words, for sentences that fit every topic.
    subject: &'static str,
    title: &'static str,
    stories: &'static [&'static str],
    answer: &'static str,
    question: &'static str,
    reply: &'static str,
}

/// A kelurahan of the city.
struct Area {
    slug: &'static str,
    name: &'static str,
    district: &'static str,
    /// Its middle, roughly, in millionths of a degree.
    centre: (i32, i32),
    streets: &'static str,
}

/// Stands for the district office of the place, whichever of the three it is.
const KECAMATAN: &str = "kecamatan";

/// The city's agencies: code and full name.
#[rustfmt::skip]
pub(crate) const AGENCIES: &[(&str, &str)] = &[
    ("dpuprperakim", "Dinas Pekerjaan Umum, Penataan Ruang, Perumahan dan Kawasan Permukiman"),
    ("dlh", "Dinas Lingkungan Hidup"),
    ("dishub", "Dinas Perhubungan"),
    ("dinkes-ppkb", "Dinas Kesehatan, Pengendalian Penduduk dan Keluarga Berencana"),
    ("dispendukcapil", "Dinas Kependudukan dan Pencatatan Sipil"),
    ("dikbud", "Dinas Pendidikan dan Kebudayaan"),
    ("satpol-pp", "Satuan Polisi Pamong Praja"),
    ("dinsos-p3a", "Dinas Sosial, Pemberdayaan Perempuan dan Perlindungan Anak"),
    ("diskominfo", "Dinas Komunikasi dan Informatika"),
    ("bpkpd", "Badan Pengelolaan Keuangan dan Pendapatan Daerah"),
    ("dpmptsp", "Dinas Penanaman Modal dan Pelayanan Terpadu Satu Pintu"),
    ("diskopukmperindag", "Dinas Koperasi, UKM, Perindustrian dan Perdagangan"),
    ("inspektorat", "Inspektorat"),
    ("rsud-wahidin", "RSUD Dr. Wahidin Sudiro Husodo"),
    ("pdam-maja-tirta", "Perumda Air Minum Maja Tirta"),
    ("kec-prajurit-kulon", "Kecamatan Prajurit Kulon"),
    ("kec-magersari", "Kecamatan Magersari"),
    ("kec-kranggan", "Kecamatan Kranggan"),
];

const CHANNELS: &[(u32, &str)] = &[
    (28, "whatsapp"),
    (20, "lapor.go.id"),
    (16, "curhatningita.lapor.go.id"),
    (9, "instagram"),
    (8, "facebook"),
    (6, "sms-1708"),
    (4, "walk-in"),
    (4, "mobile-app"),
    (3, "twitter"),
    (2, "field-visit"),
];

const CLASSES: &[(u32, Class)] =
    &[(12, Class::Information), (15, Class::Aspiration), (70, Class::Complaint), (3, Class::Supervisory)];

#[rustfmt::skip]
const AREAS: &[Area] = &[
    Area { slug: "prajurit-kulon", name: "Prajurit Kulon", district: "kec-prajurit-kulon",
        centre: (-7_479_000, 112_423_000), streets: "[Prajurit Kulon|Cinde|Cinde Baru|Raya Prajurit Kulon]" },
    Area { slug: "blooto", name: "Blooto", district: "kec-prajurit-kulon",
        centre: (-7_486_000, 112_419_000), streets: "[Raya Blooto|Blooto Gang Masjid|Kemasan|Trenggilis]" },
    Area { slug: "mentikan", name: "Mentikan", district: "kec-prajurit-kulon",
        centre: (-7_469_000, 112_424_000), streets: "[Mentikan|Brawijaya|Mentikan Gang 4|KH Usman]" },
    Area { slug: "kauman", name: "Kauman", district: "kec-prajurit-kulon",
        centre: (-7_466_500, 112_429_000), streets: "[Kauman|Hos Cokroaminoto|Letkol Sumarjo|KH Wahid Hasyim]" },
    Area { slug: "pulorejo", name: "Pulorejo", district: "kec-prajurit-kulon",
        centre: (-7_474_000, 112_415_000), streets: "[Raya Pulorejo|Pulorejo Gang 2|Tribuana Tungga Dewi|Pulo Wetan]" },
    Area { slug: "surodinawan", name: "Surodinawan", district: "kec-prajurit-kulon",
        centre: (-7_484_000, 112_427_000), streets: "[Raya Surodinawan|Suromulang|Suromulang Barat|Bola Volly]" },
    Area { slug: "kranggan", name: "Kranggan", district: "kec-kranggan",
        centre: (-7_477_000, 112_436_000), streets: "[Pekayon|Kranggan|Raden Wijaya|Kranggan Gang 5]" },
    Area { slug: "miji", name: "Miji", district: "kec-kranggan",
        centre: (-7_473_000, 112_432_000), streets: "[Miji|KH Nawawi|Miji Baru|Joko Tole]" },
    Area { slug: "meri", name: "Meri", district: "kec-kranggan",
        centre: (-7_485_000, 112_440_000), streets: "[Raya Meri|Meri Gang Sawah|Tirta Suam|Meri Indah]" },
    Area { slug: "jagalan", name: "Jagalan", district: "kec-kranggan",
        centre: (-7_466_000, 112_434_000), streets: "[Residen Pamuji|Jagalan|Jagalan Gang 1|Niaga]" },
    Area { slug: "sentanan", name: "Sentanan", district: "kec-kranggan",
        centre: (-7_469_000, 112_435_000), streets: "[Majapahit|Sentanan|Karyawan|Sentanan Gang Buntu]" },
    Area { slug: "purwotengah", name: "Purwotengah", district: "kec-kranggan",
        centre: (-7_471_000, 112_438_000), streets: "[Taman Siswa|WR Supratman|Purwotengah|Bhayangkara]" },
    Area { slug: "magersari", name: "Magersari", district: "kec-magersari",
        centre: (-7_465_000, 112_440_500), streets: "[Gajah Mada|Magersari|Hayam Wuruk|Magersari Gang 3]" },
    Area { slug: "gunung-gedangan", name: "Gunung Gedangan", district: "kec-magersari",
        centre: (-7_476_000, 112_459_000), streets: "[Raya Gunung Gedangan|Sekar Putih|Gedangan Asri|Kuti]" },
    Area { slug: "kedundung", name: "Kedundung", district: "kec-magersari",
        centre: (-7_469_000, 112_453_000), streets: "[Kedundung|Kedungsari|Randugede|Pahlawan]" },
    Area { slug: "balongsari", name: "Balongsari", district: "kec-magersari",
        centre: (-7_462_000, 112_444_000), streets: "[Empunala|Balongsari|Balongrawe|Benteng Pancasila]" },
    Area { slug: "gedongan", name: "Gedongan", district: "kec-magersari",
        centre: (-7_467_500, 112_438_500), streets: "[Gedongan|Gedongan Gang 2|Ahmad Yani|Veteran]" },
    Area { slug: "wates", name: "Wates", district: "kec-magersari",
        centre: (-7_469_500, 112_447_000), streets: "[Raya Ijen|Semeru|Panderman|Wilis|Kelud|Bromo]" },
];

const LANDMARKS: &[&str] = &[
    "depan musala",
    "dekat pos ronda",
    "sebelah toko kelontong",
    "depan SD",
    "dekat balai RW",
    "samping warung soto",
    "dekat jembatan kecil",
    "seberang lapangan voli",
    "dekat tukang tambal ban",
    "depan apotek",
    "pas di tikungan",
    "dekat gapura gang",
];

const DAYS: &[&str] = &["Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu"];

const SINCE: &str = "[sejak dua minggu lalu|sejak tiga hari lalu|sejak bulan lalu|hampir setahun ini|sejak tahun lalu|\
    seminggu lebih|sejak awal bulan|dua bulan ini|sejak {day} lalu|sepuluh hari ini|mulai {day} malam]";

#[rustfmt::skip]
const GIVEN_NAMES: &[&str] = &[
    "Slamet", "Sri", "Bambang", "Siti", "Agus", "Dwi", "Yuli", "Eko", "Tutik", "Wahyu", "Nur", "Endang", "Hadi",
    "Lilik", "Arif", "Dewi", "Joko", "Rina", "Mulyono", "Fitri", "Suparno", "Kholifah", "Bagus", "Anisa", "Imam",
    "Ratna", "Sugeng", "Maya", "Totok", "Umi",
];

#[rustfmt::skip]
const FAMILY_NAMES: &[&str] = &[
    "Santoso", "Wulandari", "Setiawan", "Rahayu", "Hidayat", "Lestari", "Kurniawan", "Astuti", "Wibowo", "Handayani",
    "Saputra", "Ningsih", "Utomo", "Rohmah", "Nugroho", "Mariyati", "Susanto", "Khasanah", "Hariyanto", "Safitri",
    "Purnomo", "Anggraini", "Subagyo", "Zulaikha", "Firmansyah", "Pertiwi", "Widodo", "Aminah", "Yulianto", "Kusuma",
];

const CHAT_OPENINGS: &[&str] = &[
    "",
    "",
    "Assalamu'alaikum [wr wb|warahmatullahi wabarakatuh|pak|bu|min].",
    "[Selamat pagi|Selamat siang|Selamat malam|Met pagi] [admin|min|pak|bu|kak].",
    "[Mohon ijin lapor|Ijin lapor|Mau lapor] [min|pak|bu|kak].",
    "[Nyuwun sewu|Ngapunten] [pak|bu|min], [badhe matur|ajeng matur|mau lapor].",
    "Halo admin, saya warga {kel}.",
    "P",
];

const SOCIAL_OPENINGS: &[&str] = &[
    "",
    "[Min|Mimin|Admin], [tolong dibaca ya|tulung diwoco|mau curhat dikit|numpang lapor].",
    "[Halo|Hai] [Pemkot Mojokerto|min|admin kota][ 👋| 🙏|,]",
    "Curhat Ning 🙏",
    "[Wong {kel} kene|Warga {kel} sini|Info {kel}] [lur|rek|min].",
    "Lur, piye iki?",
    "[Yth. Pemkot|Kepada yang berwenang], {kel} juga kota lho[ 😅| 🙏|.]",
];

const SMS_OPENINGS: &[&str] = &["", "", "Lapor.", "Ass wr wb.", "MOJOKERTO.", "Yth Pemkot Mojokerto."];

const DESK_OPENINGS: &[&str] = &[
    "Warga menyampaikan:",
    "Disampaikan secara lisan oleh warga {rt} Kelurahan {kel}:",
    "Keterangan warga, dicatat petugas:",
    "Warga {kel} menuturkan sebagai berikut.",
];

const PORTAL_OPENINGS: &[&str] = &[
    "",
    "",
    "Yth. [Pemerintah Kota Mojokerto|Bapak/Ibu petugas|dinas terkait].",
    "Assalamu'alaikum [wr.wb.|Bapak/Ibu].",
    "[Selamat pagi|Selamat siang|Selamat sore], [Bapak/Ibu|admin|Pemkot Mojokerto].",
    "Dengan hormat, [saya warga {rt} Kelurahan {kel}|kami warga Kelurahan {kel}].",
    "Perkenalkan, saya [warga|penduduk|pendatang di] {kel}.",
];

const CHAT_CLOSINGS: &[&str] = &[
    "",
    "",
    "[Makasih|Terima kasih|Trims|Suwun|Matur nuwun] [min|pak|bu|nggih|sebelumnya|🙏]",
    "[Wassalamu'alaikum|Wassalam].",
    "[Ditunggu kabarnya ya|Tak tunggu kabare|Sy tunggu respon nya] [🙏|min|pak].",
];

const SOCIAL_CLOSINGS: &[&str] = &[
    "",
    "[🙏|🙏🙏|😭|😢🙏|😡|🙏😊]",
    "[Suwun|Makasih|Matur nuwun] [min|lur|🙏]",
    "#[mojokerto|kotamojokerto|curhatningita|infomojokerto|wargamojokerto]",
    "[Viralkan|Tolong di-up|Bantu share] [🙏|ya gaes|lur].",
];

const SMS_CLOSINGS: &[&str] = &["", "", "Trims.", "Tks.", "Suwun."];

const DESK_CLOSINGS: &[&str] = &[
    "",
    "Warga [bersedia dihubungi|menunggu kabar lewat telepon|membawa foto sebagai bukti].",
    "Alamat warga: {street} nomor {number}.",
];

const PORTAL_CLOSINGS: &[&str] = &[
    "",
    "",
    "[Terima kasih|Terima kasih atas perhatiannya|Atas perhatian Bapak/Ibu kami ucapkan terima kasih].",
    "Wassalamu'alaikum wr.wb.",
    "[Hormat saya|Salam hormat|Salam dari warga {kel}].",
];

const EFFECTS: &[&str] = &[
    "[Sudah lapor ke Pak RT|Sudah disampaikan ke ketua RW|Pernah saya sampaikan ke kelurahan] \
     tapi [belum ada tindak lanjut|katanya disuruh menunggu|sampai sekarang tidak ada kabar].",
    "[Warga|Tetangga|Warga {rt}] [sudah resah|banyak yang mengeluh|sampai bosan mengeluh].",
    "[Sudah saya foto|Ada videonya kalau perlu|Fotonya menyusul].",
    "[Kasihan anak-anak dan lansia|Kasihan yang punya bayi|Kami yang bayar pajak jadi kecewa].",
    "Ini laporan saya yang [kedua|ketiga], [yang dulu belum dijawab|dulu dijawab tapi belum beres].",
    "[Masa nunggu viral dulu|Kok yo dijarno ae|Ojok nunggu korban disik], [to|ya|min|pak].",
];

const ANSWER_OPENING: &str = "[Terima kasih atas pesan Saudara.|Terima kasih telah menyampaikan hal ini kepada kami.|\
     Yth. Saudara pelapor, pesan Saudara telah kami terima.|Menindaklanjuti pesan Saudara:]";

const ANSWER_CLOSING: &str = "[– {agency} Kota Mojokerto|Demikian, terima kasih. {agency}|\
     Kabari kami bila ada perkembangan.|Silakan sampaikan kembali bila masih ada kendala.]";

const QUESTION_OPENING: &str =
    "[Agar dapat kami tindak lanjuti,|Untuk melengkapi laporan,|Sebelum kami teruskan,|Baik, pesan kami terima;]";

fn pleas(class: Class) -> &'static str {
    match class {
        Class::Information => "[Mohon infonya|Mohon penjelasannya|Minta tolong dijawab|Mohon arahannya].",
        Class::Aspiration => {
            "[Semoga bisa dipertimbangkan|Mohon dianggarkan tahun depan|Semoga didengar|Ini sekadar usul dari warga]."
        }
        Class::Complaint => {
            "[Mohon segera ditindaklanjuti|Tolong segera dicek|Mohon dicek langsung|Nyuwun tulung dibantu|\
             Mohon ada solusinya|Tolong jangan dibiarkan|Mohon perhatiannya]."
        }
        Class::Supervisory => {
            "[Mohon diperiksa dan nama saya dirahasiakan|Mohon diusut, saya takut kalau ketahuan|\
             Saya siap memberi keterangan asal dilindungi|Mohon ditindak sesuai aturan]."
        }
    }
}

/// Replies of the content, by class.
fn thanks(class: Class) -> &'static [&'static str] {
    match class {
        Class::Information => &[
            "[Oh begitu|Baik|Siap], terima kasih [infonya|penjelasannya], [jelas sekali|sangat membantu|sekarang sudah paham].",
            "[Matur nuwun|Makasih] [min|pak|bu], pertanyaan saya soal {subject} sudah terjawab[ 🙏|.]",
        ],
        Class::Aspiration => &[
            "[Alhamdulillah|Syukurlah] kalau usul {subject} [dicatat|dibahas|masuk rencana]. [Ditunggu|Semoga terwujud], terima kasih.",
            "Terima kasih sudah [didengar|ditanggapi]. Warga {kel} [senang|siap mendukung|siap gotong royong].",
        ],
        Class::Complaint => &[
            "[Alhamdulillah|Puji Tuhan|Syukurlah] sudah [beres|ditangani|dikerjakan] [{day} pagi|tadi|kemarin]. [Terima kasih|Matur nuwun] [petugas|pak|bu|semua].",
            "Top, laporan saya soal {subject} sudah [beres|ditangani]. [Cepat juga ternyata|Semoga awet|Suwun][ 👍| 🙏|.]",
            "[Sampun sae|Pun beres], [matur suwun sanget|suwun nggih] kagem petugasnya.",
        ],
        Class::Supervisory => &[
            "Terima kasih [sudah diperiksa|laporan saya ditanggapi serius|tidak ditutup-tutupi]. Semoga [tidak terulang|jadi pelajaran].",
        ],
    }
}

/// Replies of the discontent, by class.
fn protests(class: Class) -> &'static [&'static str] {
    match class {
        Class::Information => &[
            "Maaf, jawabannya [terlalu umum|belum menjawab]. Yang saya tanyakan soal {subject}, [mohon dijawab yang jelas|bukan itu].",
            "[Link-nya tidak bisa dibuka|Nomor yang diberikan tidak diangkat|Saya ke sana ternyata beda lagi syaratnya], mohon dijelaskan ulang.",
        ],
        Class::Aspiration => &[
            "Jawabannya [normatif|itu-itu saja]. Usul {subject} ini sudah [tiga kali|dua tahun] kami sampaikan lewat musrenbang.",
            "Kalau [tidak ada anggaran|belum bisa] mohon dijelaskan [kapan|alasannya], jangan [cuma dicatat|hanya terima kasih].",
        ],
        Class::Complaint => &[
            "[Maaf|Mohon maaf] min, [di lapangan|kenyataannya] belum ada perubahan. {day} [pagi|sore] saya cek, soal {subject} masih [sama|seperti dulu].",
            "Kok [ditutup|dibilang selesai]? [Belum ada yang menghubungi saya|Cuma dicatat terus diam|Hanya dua hari beres, lalu kambuh lagi].",
            "Belum [puas|beres], [pak|bu|min]. soal {subject} di {kel} [tetap begitu|malah tambah parah|belum disentuh]. Mohon [dicek ulang|jangan asal jawab].",
            "[Lho|Loh] kok [ngono|begitu] jawabane, [sing tak laporno|yang saya laporkan] soal {subject}, [belum dijawab|jawabannya kok melebar|durung dijawab].",
        ],
        Class::Supervisory => &[
            "Saya [tidak puas|keberatan]. [Pihak yang saya laporkan tidak diperiksa|Saksi tidak dipanggil|Bukti saya tidak dibahas sama sekali].",
        ],
    }
}

#[rustfmt::skip]
const SHORTHAND: &[(&str, &str)] = &[
    ("yang", "yg"), ("tidak", "tdk"), ("dengan", "dg"), ("sudah", "sdh"), ("untuk", "utk"), ("karena", "krn"),
    ("sampai", "smpe"), ("dari", "dr"), ("belum", "blm"), ("kepada", "kpd"), ("bagaimana", "gmn"), ("banyak", "byk"),
    ("saya", "sy"), ("orang", "org"), ("banget", "bgt"), ("tolong", "tlg"), ("mohon", "mhn"), ("Mohon", "Mhn"), ("jalan", "jln"),
    ("rumah", "rmh"), ("tapi", "tp"), ("bisa", "bs"), ("dan", "&"), ("juga", "jg"), ("kalau", "klo"),
    ("depan", "dpn"), ("dekat", "dkt"), ("lagi", "lg"), ("sekarang", "skrg"), ("tempat", "tmpt"), ("saja", "aja"),
    ("setiap", "tiap"), ("malam", "mlm"), ("bulan", "bln"), ("tahun", "thn"), ("Tolong", "Tlg"), ("Sudah", "Sdh"),
];

#[rustfmt::skip]
const GRIEVANCES: &[Topic] = &[
    Topic {
        category: "jalan-rusak", agency: "dpuprperakim", wrong: "dishub", subject: "jalan berlubang",
        title: "[Jalan berlubang|Lubang besar|Aspal mengelupas|Jalan rusak] di {street}",
        stories: &[
            "jalan di {street} {landmark} [berlubang|rusak parah|ambles] {since}, [dalamnya sekitar 15 cm|kalau hujan tidak kelihatan]. \
             {day} lalu [ada ibu-ibu jatuh dari motor|tetangga saya terperosok|ban mobil pecah].",
            "ada [lubang|kedokan] di {street} {rt}, {since} [ditambal pakai tanah saja|cuma ditandai ban bekas|belum ditambal]. \
             [Bahaya kalau malam|Wis akeh sing tibo|Yang lewat harus zigzag], apalagi [anak sekolah|pesepeda|ojol].",
        ],
        answer: "Lubang di {street} [sudah ditambal hari {handled_on}|kami tambal sementara, pengaspalan menyusul|dijadwalkan hari {handled_on}].",
        question: "mohon patokan lokasi dan [perkiraan ukuran lubang|lebar kerusakan].",
        reply: "[Lokasinya|Tepatnya] {landmark}, depan rumah nomor {number}. [Lebarnya kira-kira 80 cm|Panjangnya dua meteran].",
    },
    Topic {
        category: "drainase-banjir", agency: "dpuprperakim", wrong: "dlh", subject: "saluran air",
        title: "[#Banjir|Selokan mampet] di {rt} {kel}",
        stories: &[
            "setiap hujan [satu jam saja|agak deras] {street} [banjir|tergenang] sampai [semata kaki|selutut|masuk teras]. \
             [Salurannya penuh lumpur|Gotnya mampet sampah|Saluran tertutup cor rumah warga] {landmark}.",
            "got {landmark} {rt} [mampet|mambu|meluap] {since}, airnya [hitam|tidak jalan|balik ke rumah nomor {number}]. \
             [Nyamuknya banyak|Udan sithik wis banjir|Sudah kerja bakti tapi tidak mampu angkat lumpurnya].",
        ],
        answer: "Satgas drainase [telah mengeruk sedimen hari {handled_on}|mengangkat sumbatan {landmark}|menormalisasi saluran {street}].",
        question: "mohon titik yang tersumbat dan [berapa lama air surut|panjang saluran yang terdampak].",
        reply: "Yang tersumbat {landmark}, nomor {number}. [Surutnya bisa setengah hari|Panjangnya kira-kira 20 meter].",
    },
    Topic {
        category: "lampu-jalan", agency: "dishub", wrong: "dpuprperakim", subject: "lampu jalan",
        title: "[PJU mati|Lampu jalan padam|Penerangan jalan tidak menyala] {street}",
        stories: &[
            "lampu jalan di {street} {landmark} [mati total|kedip-kedip|padam] {since}. Kalau malam [gelap gulita|peteng dedet|\
             rawan jambret], [kemarin ada yang jatuh|anak-anak takut pulang ngaji|warga pasang lampu sendiri].",
            "[tiga|dua|empat] tiang PJU di {rt} {kel} tidak nyala {since}. [Siang malah menyala|Sudah diganti tapi mati lagi|\
             Kabelnya menjuntai], [ngeri kalau hujan|takut ada maling|peteng tenan].",
        ],
        answer: "Tim PJU [telah mengganti lampu hari {handled_on}|memperbaiki kabel dan lampu sudah menyala|mengganti MCB, lampu kembali menyala].",
        question: "mohon nomor tiang [yang tertera|bila terbaca] atau rumah terdekat.",
        reply: "Nomor tiangnya [tidak kelihatan|sudah pudar], tapi {landmark}, depan rumah nomor {number}.",
    },
    Topic {
        category: "sampah", agency: "dlh", wrong: KECAMATAN, subject: "sampah",
        title: "[#Sampah tidak diangkut|TPS liar] di {street}",
        stories: &[
            "sampah di {street} {landmark} tidak diangkut {since}, [baunya sampai ke rumah|sudah berbelatung|mambu banget]. \
             [Padahal iuran jalan terus|Lalat masuk ke dapur|Anjing liar mengacak-acak].",
            "ada orang [buang sampah sembarangan|bikin TPS liar|buang popok dan kasur bekas] {landmark} di {street}, {since}. \
             Biasanya [sekitar jam {hour}|subuh-subuh|pakai motor dari luar {kel}].",
        ],
        answer: "[#Armada kami telah mengangkut sampah hari {handled_on}|Titik itu dibersihkan hari {handled_on} dan dipasangi papan larangan].",
        question: "mohon patokan titik tumpukan dan perkiraan volumenya.",
        reply: "Titiknya {landmark}, [kira-kira satu bak pikap|tingginya sudah sepinggang|tiga gerobak ada], dekat nomor {number}.",
    },
    Topic {
        category: "pohon-rawan", agency: "dlh", wrong: "dpuprperakim", subject: "pohon rawan tumbang",
        title: "Pohon [rawan tumbang|perlu dipangkas|membahayakan] di {street}",
        stories: &[
            "pohon [sono|trembesi|mangga|angsana] {landmark} {street} [sudah miring|keropos|dahannya kena kabel] {since}. \
             [Kalau angin kencang kami takut|{day} kemarin dahannya menimpa motor|Mohon dipangkas sebelum hujan].",
        ],
        answer: "Regu pertamanan [telah memangkas dahan|memangkas tajuk dan memeriksa batang] hari {handled_on}.",
        question: "mohon [perkiraan tinggi pohon dan|keterangan] apakah pohon berada di lahan pribadi.",
        reply: "Pohonnya di [pinggir jalan, bukan lahan pribadi|tanah fasum], [tingginya 8 meter|setinggi kabel], dekat nomor {number}.",
    },
    Topic {
        category: "limbah-asap", agency: "dlh", wrong: "dinkes-ppkb", subject: "pencemaran",
        title: "[#Bau limbah|Asap pembakaran] di {street}",
        stories: &[
            "[kali|saluran] {landmark} {street} [berbusa|berwarna hitam|mambu] {since}, [sepertinya limbah tahu|mungkin dari cucian jins]. \
             Paling parah jam {hour}, [ikan pada mati|sumur ikut bau|anak saya sampai mual].",
            "asap [bakar sampah|bakar sisa kulit sepatu|tungku] dari [usaha tetangga|gudang] di {street} nomor {number} {since}. \
             [Sesak napas|Jemuran bau semua|Bayi saya batuk], ditegur [malah marah|ngeyel|tidak digubris].",
        ],
        answer: "[#Sampel air diambil hari {handled_on} dan pengusaha diwajibkan memakai bak pengendap|Pemilik usaha telah ditegur tertulis].",
        question: "mohon jam biasanya terjadi dan alamat usaha yang diduga.",
        reply: "Biasanya [mulai jam {hour}|malam hari], asalnya sekitar nomor {number}, [namanya saya tidak tahu|tidak ada papan nama].",
    },
    Topic {
        category: "parkir", agency: "dishub", wrong: "satpol-pp", subject: "parkir",
        title: "[#Parkir sembarangan|Tarif parkir tidak wajar] di {street}",
        stories: &[
            "mobil [parkir dua lapis|parkir di atas trotoar|menginap di badan jalan] di {street} {landmark} {since}, \
             [bikin macet jam {hour}|ambulans tidak bisa lewat|saya tidak bisa keluar rumah].",
            "parkir motor di {street} {landmark} ditarik [Rp5.000|Rp4.000|Rp10.000] [tanpa karcis|karcisnya bekas|tidak dikasih kembalian], \
             hari {day} jam {hour}. [Padahal setahu saya tidak segitu|Jukire nesu pas ditakoni|Tukang parkirnya tanpa rompi].",
        ],
        answer: "[#Kendaraan di lokasi ditertibkan hari {handled_on} dan rambu dipasang|Juru parkir telah dibina dan selisih dikembalikan].",
        question: "mohon hari dan jam kejadian serta [#jenis kendaraannya|ciri-ciri juru parkir].",
        reply: "Kejadiannya {day} jam {hour}, {landmark}. [#Mobil keluarga dan pikap|Orangnya pakai topi biru].",
    },
    Topic {
        category: "lampu-lalu-lintas", agency: "dishub", wrong: "diskominfo", subject: "lampu merah",
        title: "[Traffic light|Lampu merah|Bangjo] [#mati|terlalu lama] di {street}",
        stories: &[
            "[bangjo|lampu merah] perempatan {street} [#mati total|merahnya lama sekali] {since}. \
             [Jam {hour} macet total|Semua saling serobot|Meh tabrakan aku mau esuk|Hampir telat kerja tiap hari].",
        ],
        answer: "Teknisi [#mengganti modul lampu|menyetel ulang waktu siklus] hari {handled_on} [dan lampu kembali normal|sore].",
        question: "mohon arah lampu yang bermasalah (utara, selatan, timur, barat).",
        reply: "Yang dari arah [utara|selatan|timur|barat], {landmark}. [Jam {hour} tadi masih begitu|Tiap hari begitu].",
    },
    Topic {
        category: "kebisingan", agency: "satpol-pp", wrong: KECAMATAN, subject: "suara bising",
        title: "[Kebisingan|Suara keras|Berisik] sampai larut di {rt} {kel}",
        stories: &[
            "[kafe|tempat karaoke|bengkel las|rumah kos] di {street} nomor {number} [berisik|menyetel musik keras|ramai] sampai tengah malam \
             {since}. [Bayi tidak bisa tidur|Besok harus kerja|Ibu saya sakit], ditegur [tidak mempan|malah tambah banter].",
        ],
        answer: "Patroli [mendatangi lokasi malam {handled_on} dan memberi teguran|memanggil pemilik usaha dan meminta surat pernyataan].",
        question: "mohon alamat lengkap sumber suara serta hari dan jamnya.",
        reply: "Alamatnya {street} nomor {number}, [tiap malam {day}|hampir setiap malam], [mulai isya|sampai dini hari].",
    },
    Topic {
        category: "pkl-trotoar", agency: "satpol-pp", wrong: "diskopukmperindag", subject: "PKL di trotoar",
        title: "[PKL|Lapak|Tenda warung] menutup trotoar {street}",
        stories: &[
            "trotoar {street} {landmark} dipakai [jualan|naruh gerobak|tenda warung] {since}, pejalan kaki [harus turun ke jalan|\
             mengalah terus]. Saya [tidak melarang orang cari makan|paham semua butuh makan|pakai kursi roda], tapi mohon ditata.",
        ],
        answer: "Pedagang [kami arahkan ke lokasi yang disediakan|diberi surat peringatan pertama] hari {handled_on}.",
        question: "mohon jam buka dan perkiraan jumlah lapak di lokasi.",
        reply: "Ada [tiga|lima|tujuh] lapak, bukanya [pagi sekali|sore sampai malam], {landmark}.",
    },
    Topic {
        category: "orang-telantar", agency: "dinsos-p3a", wrong: "satpol-pp", subject: "orang telantar",
        title: "[#ODGJ berkeliaran|Lansia telantar] di {street}",
        stories: &[
            "ada [bapak-bapak ODGJ|orang gangguan jiwa] {landmark} {street} {since}, [kadang melempar batu|tidak berpakaian|bicara sendiri]. \
             [Kasihan|Mesakno], [warga takut|tetangga juga khawatir], [mohon dievakuasi baik-baik|mohon dibawa berobat].",
            "seorang [simbah|kakek|nenek] tinggal sendiri di {rt} {kel}, {since} sakit dan [tidak ada yang merawat|makan dari tetangga]. \
             Rumahnya [bocor|hampir roboh|tanpa listrik], {street} nomor {number}.",
        ],
        answer: "[#Yang bersangkutan dijemput hari {handled_on} dan dirujuk berobat|Tim mengasesmen hari {handled_on} dan mengirim makanan harian].",
        question: "mohon tempat biasanya berada dan apakah ada keluarga yang diketahui.",
        reply: "[#Biasanya {landmark} sekitar jam {hour}|Di rumahnya nomor {number}]. [Keluarganya tidak diketahui|Katanya ada anak di luar kota].",
    },
    Topic {
        category: "bansos", agency: "dinsos-p3a", wrong: KECAMATAN, subject: "bantuan sosial",
        title: "Bantuan sosial [#terhenti|salah sasaran] di {kel}",
        stories: &[
            "nama [ibu saya|saya|bapak] hilang dari daftar bansos {since}, padahal [masih tidak mampu|janda tiga anak|kerja serabutan]. \
             Di kelurahan {kel} [dibilang data pusat|disuruh tunggu verifikasi].",
            "bansos di {rt} {kel} [kurang tepat sasaran|tidak merata], [yang punya mobil dapat|yang rumahnya bagus malah dapat], \
             sedangkan [janda di nomor {number}|simbah sebelah rumah] [tidak pernah dapat|dicoret {since}].",
        ],
        answer: "Data [#telah diverifikasi hari {handled_on} dan diusulkan kembali|penerima di {rt} dibahas ulang dalam musyawarah kelurahan].",
        question: "mohon [nama sesuai KTP|RT/RW] dan jenis bantuan yang dimaksud melalui pesan pribadi.",
        reply: "Bantuannya [PKH|BPNT|sembako], alamat {street} nomor {number} {rt}. [Namanya saya kirim lewat pesan pribadi|NIK menyusul].",
    },
    Topic {
        category: "puskesmas", agency: "dinkes-ppkb", wrong: "rsud-wahidin", subject: "pelayanan puskesmas",
        title: "[#Antrean lama|Obat kosong] di puskesmas",
        stories: &[
            "hari {weekday} saya antre di puskesmas [wilayah {kel}|dekat {street}] dari jam {office_hour}, [tiga jam baru dilayani|\
             ditinggal istirahat]. [Petugas loket judes|Dokternya cuma satu|Nomor antrean meloncat], [anak saya panas tinggi|ibu saya sepuh].",
            "obat [hipertensi|gula|TB|asma] di puskesmas [kosong|tinggal separuh] {since}, disuruh [beli sendiri|kembali minggu depan]. \
             Saya warga {rt} {kel} peserta BPJS, [tidak mampu beli tiap bulan|obatnya tidak boleh putus].",
        ],
        answer: "[#Petugas loket ditambah pada jam sibuk|Obat tersedia kembali] mulai hari {handled_on}[, mohon maaf|].",
        question: "mohon hari kunjungan dan [#poli yang dituju|nama obatnya].",
        reply: "Saya datang {weekday} jam {office_hour}, [#ke poli umum|obatnya yang rutin tiap bulan|ke KIA|obat yang biasa dari dokter poli lansia].",
    },
    Topic {
        category: "demam-berdarah", agency: "dinkes-ppkb", wrong: "dlh", subject: "DBD",
        title: "[Minta fogging|Kasus DBD|Demam berdarah] di {rt} {kel}",
        stories: &[
            "di {rt} {kel} sudah [dua|tiga|empat] anak kena [DBD|demam berdarah] {since}, [satu masih opname|satu masuk ICU]. \
             [Belum ada fogging|Jentik di rumah kosong nomor {number} banyak|Warga sudah PSN sendiri].",
        ],
        answer: "Penyelidikan epidemiologi [dilakukan hari {handled_on}, fogging fokus menyusul|selesai, radius 100 meter telah difogging].",
        question: "mohon alamat penderita dan tempat dirawat.",
        reply: "Rumahnya nomor {number} {street}, dirawat [di RSUD|di klinik] sejak hari {day}.",
    },
    Topic {
        category: "rumah-sakit", agency: "rsud-wahidin", wrong: "dinkes-ppkb", subject: "pelayanan rumah sakit",
        title: "[#Antrean|IGD dan kamar] RSUD [mengecewakan|perlu dibenahi]",
        stories: &[
            "antre [obat|poli saraf|poli jantung|pendaftaran] di RSUD {weekday} kemarin dari jam {office_hour}, [lima jam baru selesai|dokter \
             datang siang]. [AC mati|Kursi tidak cukup|Daftar online percuma], [bapak saya sudah sepuh|saya dari {kel} naik becak].",
            "keluarga saya di IGD RSUD hari {day} jam {hour} [menunggu kamar semalaman|ditaruh di lorong|disuruh cari rumah sakit lain]. \
             [Toiletnya juga kotor|Perawatnya baik tapi kewalahan|Penjelasan petugas berbeda-beda].",
        ],
        answer: "Manajemen [#menambah loket dan mengevaluasi jadwal dokter|membuka informasi tempat tidur secara daring] mulai hari {handled_on}.",
        question: "mohon [#hari kunjungan dan nomor antrean|hari dan jam kedatangan di IGD].",
        reply: "[#Hari {weekday}, antrean nomor {number}|Hari {day} jam {hour}], [nama pasien saya kirim pribadi|saya yang mengantar].",
    },
    Topic {
        category: "ktp-kk-akta", agency: "dispendukcapil", wrong: KECAMATAN, subject: "dokumen kependudukan",
        title: "[#Dokumen kependudukan belum jadi|NIK bermasalah]",
        stories: &[
            "[KTP saya|KK baru|akta lahir anak saya|KIA anak] belum jadi {since}, [dijanjikan tiga hari|statusnya diproses terus|\
             katanya blangko habis]. [Butuh buat daftar sekolah|Mau dipakai BPJS|Wis bolak-balik ping telu], saya warga {rt} {kel}.",
            "NIK saya [tidak ditemukan|dobel|beda tanggal lahir] waktu daftar [BPJS|bank|kerja]. Ke loket hari {weekday} jam {office_hour} \
             [disuruh lewat online|sistem offline|antrean tutup], [online malah error|jadi bingung]. Saya tinggal di {street} {kel}.",
        ],
        answer: "[#Dokumen sudah tercetak dan dapat diambil mulai hari {handled_on}|NIK telah dikonsolidasikan hari {handled_on}, silakan coba kembali].",
        question: "mohon [#nomor registrasi dan tanggal pengajuan|nama lembaga yang menolak] melalui pesan pribadi.",
        reply: "[#Pengajuannya hari {weekday}, nomor resi berakhir {number}|Yang menolak kantor BPJS, sudah saya foto layarnya].",
    },
    Topic {
        category: "penerimaan-siswa", agency: "dikbud", wrong: "diskominfo", subject: "penerimaan siswa baru",
        title: "[#Titik domisili meleset|Akun tidak bisa masuk] saat pendaftaran SMP",
        stories: &[
            "anak saya dari {rt} {kel} [kalah jarak|tergeser], padahal rumah {street} nomor {number} ke sekolah cuma [700 meter|satu kilo]. \
             [Titik peta meleset jauh|Di peta rumah saya pindah kampung], [operator bilang tunggu|posko penuh].",
            "akun pendaftaran SMP anak saya tidak bisa [login|unggah KK|cetak bukti] sejak {weekday} jam {office_hour}, [hotline sibuk|\
             kuota chat habis]. Kami di {street} {rt} {kel}, [takut telat|besok terakhir|anaknya sampai nangis].",
        ],
        answer: "[#Titik koordinat telah diperbaiki operator|Akun telah dibuka kembali dan tenggat diperpanjang] hari {handled_on}.",
        question: "mohon nomor pendaftaran dan sekolah tujuan melalui pesan pribadi.",
        reply: "Nomornya [saya kirim lewat pesan pribadi|berakhiran {number}], sekolahnya [yang terdekat|pilihan pertama], alamat {street}.",
    },
    Topic {
        category: "pungutan-sekolah", agency: "dikbud", wrong: "bpkpd", subject: "pungutan sekolah",
        title: "[Iuran|Sumbangan|Tarikan] sekolah memberatkan",
        stories: &[
            "sekolah anak saya di sekitar {street} menarik [uang perpisahan|sumbangan komite|uang seragam|uang LKS] \
             [Rp350.000|Rp200.000|Rp500.000|Rp125.000], [katanya sukarela tapi ditagih|paling lambat hari {weekday}|rapor ditahan]. \
             [Suami baru di-PHK|Anak saya tiga|Abot pak].",
        ],
        answer: "Kepala sekolah [kami mintai klarifikasi hari {handled_on}; tarikan dihentikan dan dikembalikan|telah ditegur; sumbangan bersifat sukarela].",
        question: "mohon jenjang sekolah dan [bukti surat edaran|cara penagihannya]; identitas Saudara kami jaga.",
        reply: "[SD|SMP] negeri dekat {street}. Tagihannya [lewat grup WA wali murid|lewat kertas, sudah saya foto], hari {weekday}.",
    },
    Topic {
        category: "air-pdam", agency: "pdam-maja-tirta", wrong: "dpuprperakim", subject: "air PDAM",
        title: "[#Air PDAM mati|Pipa PDAM bocor] di {street}",
        stories: &[
            "air PDAM di {rt} {kel} [mati|keluarnya kecil sekali|ora metu blas] {since}, [keluar cuma dini hari|tanpa pemberitahuan|ora iso adus]. \
             [Terpaksa beli galon|Saya punya balita|Tagihan tetap jalan|Numpang ke masjid].",
            "pipa PDAM bocor {landmark} {street} {since}, air [muncrat|mengalir ke jalan|merusak aspal]. Sudah telepon jam {hour} \
             [tidak diangkat|dijawab nanti|disuruh WA], [eman airnya|mubazir].",
        ],
        answer: "[#Pompa diperbaiki dan aliran lancar kembali|Kebocoran pipa telah diperbaiki] hari {handled_on}[; mohon maaf|].",
        question: "mohon [#nomor pelanggan dan sejak kapan mati|patokan titik bocor].",
        reply: "[#Sejak {day}, nomor pelanggan saya kirim pribadi|Titiknya {landmark}], rumah nomor {number} {street}.",
    },
    Topic {
        category: "tagihan-air", agency: "pdam-maja-tirta", wrong: "bpkpd", subject: "tagihan air",
        title: "Tagihan air [melonjak|tidak wajar|naik berlipat]",
        stories: &[
            "tagihan air {street} nomor {number} bulan ini [Rp480.000|Rp615.000|Rp322.000], biasanya [Rp60.000|Rp75.000|di bawah seratus ribu]. \
             [Rumah malah kosong|Pemakaian sama|Tidak ada yang bocor], [petugas catat meter tidak pernah datang|meterannya buram].",
        ],
        answer: "Meter [telah diperiksa hari {handled_on}, selisih dikoreksi pada tagihan berikut|diganti dan tagihan dihitung ulang].",
        question: "mohon nomor pelanggan dan foto [meter|angka meter terakhir].",
        reply: "Angka meternya [berakhiran {number}|sudah saya foto jam {hour}], nomor pelanggan saya kirim pribadi.",
    },
    Topic {
        category: "pajak-daerah", agency: "bpkpd", wrong: KECAMATAN, subject: "SPPT PBB",
        title: "PBB [#naik tajam|salah data] di {kel}",
        stories: &[
            "PBB rumah di {street} nomor {number} [naik dua kali lipat|naik hampir separuh] tahun ini. [Rumahnya tidak berubah|Pensiunan segini \
             abot|Tidak ada sosialisasi], [di kelurahan {kel} tidak bisa menjelaskan|mohon keringanan].",
            "SPPT PBB {street} nomor {number} [masih atas nama pemilik lama|terbit dobel|luasnya salah]. [Sudah mengajukan {since}|\
             Tahun lalu juga begitu], [jawabannya tunggu terus|di kelurahan {kel} tidak ada yang tahu].",
        ],
        answer: "[#Kenaikan mengikuti penyesuaian NJOP; permohonan keringanan diterima sampai hari {handled_on}|SPPT dikoreksi, dapat diambil hari {handled_on}].",
        question: "mohon nomor objek pajak (NOP) dan tahun pajak yang dimaksud.",
        reply: "NOP-nya berakhiran {number}, [tahun ini|dua tahun terakhir]. [Berkas sudah saya foto|Sertifikat menyusul].",
    },
    Topic {
        category: "perizinan", agency: "dpmptsp", wrong: "diskopukmperindag", subject: "perizinan",
        title: "Izin [#bangunan|praktik|reklame] [macet|lama|bolak-balik]",
        stories: &[
            "permohonan [#PBG|izin praktik bidan|izin reklame] di {street} nomor {number} [mandek|belum terbit|dikembalikan] {since}. \
             [Syarat berubah terus|Tidak ada catatan kurangnya apa|Ditanya hari {weekday}, jawabnya tunggu dinas teknis].",
        ],
        answer: "Permohonan [selesai diverifikasi dan terbit hari {handled_on}|menunggu perbaikan berkas; catatan telah dikirim ke akun Saudara].",
        question: "mohon nomor permohonan dan tanggal unggah berkas.",
        reply: "Nomor permohonannya berakhiran {number}, diunggah hari {weekday} jam {office_hour}.",
    },
    Topic {
        category: "pasar", agency: "diskopukmperindag", wrong: "satpol-pp", subject: "pasar",
        title: "[#Pasar becek dan bocor|Timbangan pasar tidak pas] dekat {street}",
        stories: &[
            "pasar di dekat {street} [becek dan bau|atapnya bocor|talangnya jebol] {since}, \
             [pembeli jadi sepi|dagangan basah|retribusi ditarik terus]. Saya pedagang [sayur|tempe|ikan|kelapa] dari {kel}.",
            "hari {day} beli [telur|daging|beras|minyak] di pasar dekat {street}, [timbangan kurang dua ons|takarannya aneh|kurang seperempat]. \
             [Pedagangnya ngeyel|Tolong ditera ulang|Ibu-ibu lain juga mengeluh].",
        ],
        answer: "Petugas [#memperbaiki talang dan atap|menera ulang timbangan pedagang] hari {handled_on}[, terima kasih sudah peduli|].",
        question: "mohon blok atau nomor kios[#| dan jenis barangnya].",
        reply: "Blok [A|B|C|D] sekitar kios {number}, [lorong tengah|dekat pintu timur][#|, barangnya sudah saya sebut di atas].",
    },
    Topic {
        category: "layanan-digital", agency: "diskominfo", wrong: "dispendukcapil", subject: "layanan digital kota",
        title: "[#WiFi publik mati di {kel}|Aplikasi kota error]",
        stories: &[
            "WiFi gratis di [taman|balai RW|pos ronda] {rt} {kel} [mati|lemot|minta sandi] {since}. Dipakai [anak-anak belajar|\
             UMKM jualan daring], [jam {hour} sama sekali tidak connect|sinyal penuh tapi tidak jalan].",
            "aplikasi layanan kota [error|tidak bisa login|muter-muter] {since}, [OTP tidak masuk|foto tidak bisa diunggah|keluar sendiri]. \
             [HP saya baru|Sudah pasang ulang], terakhir coba jam {hour} hari {day}.",
        ],
        answer: "[#Perangkat di lokasi telah diganti hari {handled_on}|Gangguan server sudah diatasi hari {handled_on}, silakan perbarui aplikasi].",
        question: "mohon [#lokasi tepat titik WiFi|tangkapan layar dan jenis ponsel].",
        reply: "[#Lokasinya {landmark} {rt}|Android, tangkapan layar sudah saya kirim], terakhir saya coba jam {hour}.",
    },
    Topic {
        category: "pelayanan-kelurahan", agency: KECAMATAN, wrong: "dispendukcapil", subject: "pelayanan kelurahan",
        title: "Pelayanan Kelurahan {kel} [lambat|kosong jam kerja|mengecewakan]",
        stories: &[
            "hari {weekday} jam {office_hour} ke kantor kelurahan {kel} mengurus [#surat waris|SKTM|surat domisili|pengantar nikah], [petugas \
             kosong|disuruh balik besok|yang tanda tangan rapat]. [Saya izin kerja|Ini yang ketiga kali], [rugi waktu|kecewa].",
        ],
        answer: "Kami [telah membina petugas dan mengatur piket loket|memastikan surat Saudara selesai hari {handled_on}].",
        question: "mohon jenis surat serta hari dan jam kedatangan.",
        reply: "[#Surat waris|SKTM|Surat domisili|Pengantar nikah], saya datang {weekday} jam {office_hour}, rumah {street} nomor {number}.",
    },
];

#[rustfmt::skip]
const QUESTIONS: &[Topic] = &[
    Topic {
        category: "info-adminduk", agency: "dispendukcapil", wrong: KECAMATAN, subject: "syarat adminduk",
        title: "Tanya syarat [#pecah KK|akta kematian|ganti KTP rusak]",
        stories: &[
            "[mau tanya|nyuwun pirsa], syarat [#pecah KK|akta kematian|ganti KTP rusak] apa saja? Saya [kontrak|tinggal] di {street} \
             {rt} {kel}, [bisa online atau harus ke loket|apakah perlu pengantar RT|hari {weekday} jam {office_hour} buka tidak]?",
        ],
        answer: "Cukup membawa [#KK asli dan buku nikah|surat keterangan kematian dan KK|KTP lama dan KK]; gratis, [di loket atau daring|tanpa pengantar RT].",
        question: "mohon alamat di KK saat ini.",
        reply: "Alamat KK saya [masih di luar kota|ikut orang tua di {street} nomor {number}|{street} nomor {number}].",
    },
    Topic {
        category: "info-kesehatan", agency: "dinkes-ppkb", wrong: "rsud-wahidin", subject: "jadwal kesehatan",
        title: "Jadwal [#imunisasi|posyandu lansia|cek kesehatan gratis] di {kel}",
        stories: &[
            "[jadwal|tanggal] [#imunisasi campak|posyandu lansia|cek kesehatan gratis] bulan ini di {rt} {kel} kapan ya? \
             [#Anak saya umur 9 bulan|Ibu saya 67 tahun|Saya baru pindah ke {street}], [apakah harus BPJS|boleh KTP luar kota|jam {office_hour} masih buka]?",
        ],
        answer: "Kegiatan [dilaksanakan hari {handled_on} pukul 08.00 di balai RW|tersedia setiap hari {handled_on} di puskesmas wilayah], tanpa biaya.",
        question: "mohon usia yang akan dilayani serta RT dan RW tempat tinggal.",
        reply: "Kami di {rt}, {street} nomor {number}, [#umurnya 9 bulan|ibu saya 67 tahun|saya 34 tahun].",
    },
    Topic {
        category: "info-usaha", agency: "dpmptsp", wrong: "diskopukmperindag", subject: "izin usaha kecil",
        title: "Cara mengurus NIB untuk [#warung kopi|katering rumahan|usaha onde-onde]",
        stories: &[
            "saya buka [#warung kopi|katering rumahan|usaha onde-onde] di {street} nomor {number} {since}. Untuk NIB \
             mulai dari mana, [ada biaya tidak|berapa hari jadinya|bisa dibantu di kantor {weekday} jam {office_hour}]?",
        ],
        answer: "NIB [terbit hari itu juga lewat OSS tanpa biaya|dapat dibantu di Mal Pelayanan Publik setiap hari kerja, gratis]; bawa KTP dan surel aktif.",
        question: "mohon keterangan modal usaha dan apakah sudah punya akun OSS.",
        reply: "Modalnya [di bawah lima juta|sekitar sepuluh juta], [belum punya akun|akunnya lupa sandi], di {street}.",
    },
    Topic {
        category: "info-pajak", agency: "bpkpd", wrong: "dpmptsp", subject: "pembayaran PBB",
        title: "Tanya [#jatuh tempo|cara bayar] PBB",
        stories: &[
            "[#jatuh tempo PBB tahun ini kapan|cara bayar PBB tahun ini bagaimana]? Rumah saya {street} nomor {number} {kel}, \
             SPPT [belum sampai|hilang|rusak kena banjir], [bisa bayar lewat QRIS|apakah bisa di minimarket]?",
        ],
        answer: "[#Jatuh tempo akhir September|Pembayaran lewat bank, QRIS, dan minimarket]; [salinan SPPT bisa diunduh|mobil keliling hari {handled_on}].",
        question: "mohon NOP melalui pesan pribadi.",
        reply: "NOP berakhiran {number}, [atas nama orang tua saya|atas nama saya sendiri].",
    },
    Topic {
        category: "info-sambungan-air", agency: "pdam-maja-tirta", wrong: "dpuprperakim", subject: "sambungan air",
        title: "Biaya dan syarat [#pasang baru|balik nama] air PDAM",
        stories: &[
            "[biaya|syarat] [#pasang baru|balik nama] air PDAM apa saja untuk rumah [tipe 36|kontrakan|kos sepuluh kamar] di {street} {rt}? \
             [Berapa hari prosesnya|Sumur saya asat {since}|Bisa diangsur tidak ya].",
        ],
        answer: "[#Survei lokasi hari {handled_on}; bawa|Cukup datang ke loket membawa] KTP, KK dan rekening listrik[; biaya sesuai golongan|].",
        question: "mohon nomor rumah dan status kepemilikannya.",
        reply: "Nomor {number}, [rumah sendiri|rumah orang tua|masih kontrak], {landmark}.",
    },
];

#[rustfmt::skip]
const WISHES: &[Topic] = &[
    Topic {
        category: "usul-keselamatan-jalan", agency: "dishub", wrong: "dpuprperakim", subject: "keselamatan jalan",
        title: "Usul [#zebra cross|polisi tidur|cermin tikungan] di {street}",
        stories: &[
            "usul dipasang [#zebra cross|polisi tidur|cermin tikungan] di {street} {landmark}. [Anak sekolah menyeberang tiap pagi|\
             Motor sering ngebut jam {hour}|Bulan ini dua kali serempetan], [warga {rt} siap urunan|RT sudah setuju].",
        ],
        answer: "Usul [telah disurvei hari {handled_on} dan masuk rencana|kami catat]; pemasangan [#marka|pita penggaduh|cermin] menunggu anggaran perubahan.",
        question: "mohon titik yang diusulkan dan persetujuan warga sekitar.",
        reply: "Titiknya {landmark}, depan nomor {number}. [Warga sudah tanda tangan|Berita acara RT menyusul].",
    },
    Topic {
        category: "usul-taman", agency: "dlh", wrong: "dpuprperakim", subject: "ruang hijau",
        title: "Usul [#taman bermain|bank sampah|kebun warga] di {kel}",
        stories: &[
            "lahan kosong {landmark} {street} [mangkrak|jadi tempat sampah] {since}, eman kalau tidak dijadikan \
             [#taman bermain|bank sampah|kebun warga]. [Anak-anak {rt} main di jalan|Ibu PKK siap merawat|Karang taruna siap bantu].",
        ],
        answer: "Status lahan [dicek bersama kelurahan hari {handled_on}|sedang dipastikan]; usul [#taman|bank sampah|kebun] masuk rencana tahun depan.",
        question: "mohon perkiraan luas dan pemilik lahan.",
        reply: "Luasnya [kira-kira 10 x 15 meter|seukuran lapangan voli], [setahu saya fasum|katanya aset pemkot], dekat nomor {number}.",
    },
    Topic {
        category: "usul-cctv", agency: "diskominfo", wrong: "satpol-pp", subject: "CCTV dan WiFi",
        title: "Usul [#CCTV|WiFi gratis] di {rt} {kel}",
        stories: &[
            "mohon ditambah CCTV {landmark} {street}, {since} [dua motor hilang|sering balap liar jam {hour}|banyak orang asing mondar-mandir]. \
             [Listrik bisa dari balai RW|Tiang sudah ada|Pos ronda siap dipakai].",
            "[usul|saran], taman dekat {street} {kel} diberi WiFi gratis. [Banyak pelajar kumpul jam {hour}|Ibu-ibu UMKM jualan online|\
             Pos ronda siap menyediakan listrik], [{rt} siap menjaga|daripada nongkrong di warung].",
        ],
        answer: "Titik [#CCTV|WiFi] tersebut [masuk daftar pemasangan tahun berjalan|akan kami survei hari {handled_on} bersama kelurahan].",
        question: "mohon titik pemasangan dan ketersediaan listrik di lokasi.",
        reply: "Di {landmark}, [listrik dari balai RW|ada tiang PJU], depan nomor {number} {street}.",
    },
    Topic {
        category: "usul-umkm", agency: "diskopukmperindag", wrong: "dinsos-p3a", subject: "pembinaan UMKM",
        title: "Usul [#pelatihan|bazar] untuk UMKM {kel}",
        stories: &[
            "kami [perajin sepatu|penjual onde-onde|penjahit|pembatik|ibu-ibu kue basah] {rt} {kel} berharap ada [#pelatihan jualan online|\
             bazar rutin hari {day}]. [Pesanan sepi {since}|Anggota makin banyak], [kumpulnya di {street}|rumah produksi di {street} nomor {number}].",
        ],
        answer: "[#Pelatihan|Bazar] [dibuka bulan depan, pendaftaran hari {handled_on} di kelurahan|sudah dijadwalkan dan kelompok Saudara kami undang].",
        question: "mohon jumlah anggota dan alamat kelompok.",
        reply: "Anggotanya [dua belas|lima belas|delapan] orang, kumpul di {street} nomor {number}.",
    },
    Topic {
        category: "usul-pendidikan", agency: "dikbud", wrong: KECAMATAN, subject: "fasilitas belajar",
        title: "Usul [#pojok baca|les gratis|sanggar tari] untuk {kel}",
        stories: &[
            "usul ada [#pojok baca|les gratis|sanggar tari] di {kel}. Anak-anak {rt} [main gawai terus|\
             jauh kalau ke pusat kota|senggang tiap {day} sore], [tempatnya bisa di balai RW|kami punya ruang di {street} nomor {number}].",
        ],
        answer: "Usul [#pojok baca|les|sanggar] [kami bahas dengan kelurahan hari {handled_on}|dapat difasilitasi lewat program komunitas belajar].",
        question: "mohon perkiraan jumlah peserta dan tempat yang tersedia.",
        reply: "Ada [dua puluhan|sekitar tiga puluh] anak, tempatnya {street} nomor {number}.",
    },
];

#[rustfmt::skip]
const SUSPICIONS: &[Topic] = &[
    Topic {
        category: "pungli-layanan", agency: "inspektorat", wrong: KECAMATAN, subject: "pungutan liar",
        title: "Dugaan pungli pengurusan [#surat tanah|surat pindah] di {kel}",
        stories: &[
            "saat mengurus [#surat tanah|surat pindah] hari {weekday} jam {office_hour} di {kel}, oknum petugas minta [Rp150.000|Rp500.000|\
             uang rokok] [supaya cepat|katanya biaya administrasi], tanpa kuitansi. [Tetangga di {street} juga mengalami|Ada rekamannya].",
        ],
        answer: "Pemeriksaan [selesai; pegawai yang terbukti dijatuhi hukuman disiplin|selesai hari {handled_on} dan uang dikembalikan].",
        question: "mohon ciri-ciri petugas dan bukti yang ada; kerahasiaan Saudara dijamin.",
        reply: "Kejadiannya {weekday} jam {office_hour}, [orangnya berkacamata|di meja dekat pintu]. [Rekaman saya simpan|Ada dua saksi].",
    },
    Topic {
        category: "disiplin-pegawai", agency: "inspektorat", wrong: "satpol-pp", subject: "disiplin pegawai",
        title: "Oknum pegawai [#di warung jam kerja|memakai mobil dinas untuk pribadi]",
        stories: &[
            "oknum pegawai [#nongkrong di warung {street}|memakai mobil dinas untuk belanja di {street}] hampir tiap {weekday} jam {office_hour}, \
             {since}. [Saya hafal seragamnya|Fotonya ada|Tetangga juga melihat], [masyarakat dirugikan|tidak pantas dicontoh].",
        ],
        answer: "Atasan yang bersangkutan [memeriksa hari {handled_on} dan menjatuhkan teguran tertulis|memeriksa catatan; hasilnya terbukti].",
        question: "mohon hari, tempat kejadian, dan bukti bila ada.",
        reply: "Terakhir {weekday} jam {office_hour}, {landmark} {street}. [Fotonya saya kirim|Saya tidak berani memotret].",
    },
    Topic {
        category: "proyek-menyimpang", agency: "inspektorat", wrong: "dpuprperakim", subject: "proyek asal jadi",
        title: "Dugaan pekerjaan [#paving|saluran|aspal] tidak sesuai di {street}",
        stories: &[
            "proyek [#paving|saluran|aspal] di {street} {rt} [baru selesai {day} sudah retak|tidak sesuai gambar|tanpa papan nama]. \
             [Bahannya sedikit sekali|Tebalnya cuma 3 cm|Pengawas tidak pernah kelihatan], [diduga dikorupsi|ada bagi-bagi jatah].",
        ],
        answer: "Uji petik hari {handled_on} [menemukan kekurangan volume dan penyedia mengembalikan selisihnya|selesai; penyedia wajib memperbaiki].",
        question: "mohon titik pekerjaan, foto, dan waktu pelaksanaan.",
        reply: "Titiknya depan nomor {number} sampai {landmark}. [Foto saya lampirkan|Fotonya menyusul], dikerjakan bulan lalu.",
    },
    Topic {
        category: "calo-layanan", agency: "inspektorat", wrong: "dispendukcapil", subject: "percaloan",
        title: "Dugaan calo [#KTP|kios pasar|uji kir]",
        stories: &[
            "ada calo [#KTP kilat|kios pasar|uji kir] yang [bekerja sama dengan orang dalam|bebas keluar masuk kantor], tarifnya \
             [Rp250.000|Rp150.000|Rp100.000]. Saya ditawari hari {weekday} jam {office_hour} [dekat {street}|di parkiran], [yang antre jadi kalah|{since} begitu].",
        ],
        answer: "Keterangan ini [kami telusuri dan akses petugas yang terlibat dicabut|ditindaklanjuti; loket ditertibkan hari {handled_on}].",
        question: "mohon ciri-ciri pelaku serta waktu dan tempatnya.",
        reply: "Ditawari {weekday} jam {office_hour}, [laki-laki jaket hitam|perempuan sekitar 40 tahun], {landmark}.",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn a_year() -> Vec<Draft> {
        let mut rng = fastrand::Rng::with_seed(1708);
        (0..6_000).map(|_| draft(&mut rng)).collect()
    }

    #[test]
    fn hardly_any_text_comes_twice() {
        let year = a_year();
        let distinct: HashSet<&str> = year.iter().map(|draft| draft.text.as_str()).collect();
        let share = distinct.len() as f64 / year.len() as f64;
        println!("distinct texts: {share:.4}");
        assert!(share > 0.95, "only {share:.3} of the texts are distinct");
    }

    #[test]
    fn the_same_seed_brings_the_same_year() {
        assert_eq!(format!("{:?}", a_year()), format!("{:?}", a_year()));
    }

    #[test]
    fn every_text_is_as_long_as_people_write() {
        for draft in a_year() {
            let letters = draft.text.chars().count();
            assert!((40..=600).contains(&letters), "{letters}: {}", draft.text);
        }
    }

    #[test]
    fn no_mark_of_a_template_is_left_and_none_is_unclosed() {
        for draft in a_year() {
            let said = [
                &draft.title,
                &draft.text,
                &draft.answer,
                &draft.question,
                &draft.reply,
                &draft.thanks,
                &draft.protest,
            ];
            for sentence in said {
                assert!(!sentence.contains(['[', ']', '{', '}', '|', '\n']), "{sentence}");
                assert!(!sentence.contains("  ") && !sentence.contains(" ."), "{sentence}");
            }
        }
    }

    /// Stories and `[#…]` follow the same variant, so every such choice must fit the story it is told with.
    #[test]
    fn linked_choices_divide_evenly_among_the_stories() {
        for topic in [GRIEVANCES, QUESTIONS, WISHES, SUSPICIONS].concat() {
            for template in [topic.title, topic.answer, topic.question, topic.reply] {
                for linked in template.split("[#").skip(1) {
                    let choices = linked.split(']').next().unwrap().split('|').count();
                    assert_eq!(choices % topic.stories.len(), 0, "{}: {template}", topic.category);
                    assert_eq!(12 % choices, 0, "{}: {template}", topic.category);
                }
            }
        }
    }

    #[test]
    fn the_wrong_guess_is_another_agency_of_the_city() {
        let known: HashSet<&str> = AGENCIES.iter().map(|(code, _)| *code).collect();
        let mut competent = HashSet::new();
        for draft in a_year() {
            assert!(known.contains(draft.agency) && known.contains(draft.wrong_agency));
            assert_ne!(draft.agency, draft.wrong_agency, "{}", draft.category);
            competent.insert(draft.agency);
        }
        assert_eq!(competent, known, "every agency has something to do");
    }

    #[test]
    fn the_agencies_are_those_of_the_directory() {
        let directory = aduan::agency::Directory::mojokerto();
        for (code, name) in AGENCIES {
            let known = directory.agency(&code.parse().unwrap()).unwrap();
            assert_eq!(known.name, *name);
        }
    }

    #[test]
    fn every_channel_of_the_field_is_used() {
        let used: HashSet<&str> = CHANNELS.iter().map(|(_, channel)| *channel).collect();
        assert_eq!(used, HashSet::from(aduan::values::channels::ALL));
    }

    #[test]
    fn a_channel_hardly_gives_a_reference_twice() {
        let year = a_year();
        let given: Vec<_> = year.iter().filter_map(|d| Some((d.channel, d.channel_reference.as_ref()?))).collect();
        let distinct: HashSet<_> = given.iter().collect();
        assert_eq!(distinct.len(), given.len());
        assert!(given.len() < year.len());
    }
}
