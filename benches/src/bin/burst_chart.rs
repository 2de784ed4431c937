//! A picture of a burst and its aftermath under this limiter and each peer, as SVG on the standard
//! output: how many calls have been served, and each 429.

use std::fmt::Write;
use std::time::Duration;

use comfycontrol_benches::conformance::{Burst, Policy};

const CALLS: usize = 200;

/// In units of the picture: the widths of the names, of the time, and of what is said at its end.
const NAMES: f64 = 150.0;
const TIME: f64 = 400.0;
const SAID: f64 = 190.0;
/// The heights of the heading, of a row and of the axis.
const HEADING: f64 = 40.0;
const ROW: f64 = 64.0;
const AXIS: f64 = 34.0;
/// What is left free between two rows.
const GAP: f64 = 14.0;

fn main() {
    // Ours for servers that count otherwise is left out.
    let policies = Policy::ALL
        .into_iter()
        .filter(|policy| *policy != Policy::Sliding);
    let rows = policies.map(|policy| (policy, Burst::run(policy, CALLS)));
    let rows: Vec<_> = rows.collect();
    let times = rows.iter().flat_map(|(_, burst)| burst.served.last());
    let longest = times.max().expect("calls are served").as_secs_f64();
    // Whole tens of seconds.
    let lasts = (longest / 10.0).ceil() * 10.0;
    let (width, height) = (
        NAMES + TIME + SAID,
        HEADING + ROW * rows.len() as f64 + AXIS,
    );
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" font-size=\"13\" fill=\"#222\" role=\"img\">\n\
         <title>{CALLS} calls at once, 40 per 10 s allowed</title>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n\
         <text x=\"12\" y=\"24\" font-size=\"15\">{CALLS} calls at once where 40 per 10 s are \
         allowed: calls served, and each <tspan fill=\"#c22\">429</tspan></text>\n"
    );
    for (number, (policy, burst)) in rows.iter().enumerate() {
        row(
            &mut svg,
            HEADING + ROW * number as f64,
            *policy,
            burst,
            lasts,
        );
    }
    axis(&mut svg, HEADING + ROW * rows.len() as f64, lasts);
    println!("{svg}</svg>");
}

/// One policy: its name, its calls served as an area that rises, its 429s as marks below that.
fn row(svg: &mut String, top: f64, policy: Policy, burst: &Burst, lasts: f64) {
    let x = |time: Duration| NAMES + TIME * time.as_secs_f64() / lasts;
    let (floor, full) = (top + ROW - GAP, ROW - GAP - 6.0);
    let (name, colour) = match policy {
        Policy::Strict => ("this limiter", "#27a"),
        other => (other.name(), "#999"),
    };
    let mut area = format!("M{NAMES:.1} {floor:.1}");
    for (served, time) in burst.served.iter().enumerate() {
        let height = |calls: usize| floor - full * calls as f64 / CALLS as f64;
        let (x, before, after) = (x(*time), height(served), height(served + 1));
        write!(area, "L{x:.1} {before:.1}V{after:.1}").expect("text");
    }
    let last = *burst.served.last().expect("calls are served");
    let middle = top + ROW / 2.0;
    let mut line = |text: String| svg.push_str(&(text + "\n"));
    line(format!(
        "<text x=\"12\" y=\"{:.1}\">{name}</text>",
        middle + 2.0
    ));
    line(format!(
        "<path d=\"{area}H{:.1}V{floor:.1}Z\" fill=\"{colour}\" fill-opacity=\"0.75\"/>",
        NAMES + TIME
    ));
    line(format!(
        "<path d=\"M{NAMES:.1} {floor:.1}H{:.1}\" stroke=\"#bbb\"/>",
        NAMES + TIME
    ));
    for time in &burst.throttled {
        let x = x(*time);
        line(format!(
            "<path d=\"M{x:.1} {:.1}v9\" stroke=\"#c22\"/>",
            floor + 2.0
        ));
    }
    let throttled = burst.throttled.len();
    line(format!(
        "<text x=\"{:.1}\" y=\"{:.1}\"{}>{throttled} × 429, {:.0} s</text>",
        NAMES + TIME + 14.0,
        middle + 2.0,
        if throttled > 0 { " fill=\"#c22\"" } else { "" },
        last.as_secs_f64(),
    ));
}

/// The time, in steps of ten seconds.
fn axis(svg: &mut String, top: f64, lasts: f64) {
    let mut seconds = 0.0;
    while seconds <= lasts {
        let x = NAMES + TIME * seconds / lasts;
        let text = format!(
            "<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\" ",
            top + 16.0
        );
        svg.push_str(&(text + &format!("font-size=\"11\">{seconds:.0} s</text>\n")));
        seconds += 10.0;
    }
}
