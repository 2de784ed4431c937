//! What this process has used, as Linux tells it.

/// Processor time in ms, to a hundredth of a second.
pub(crate) fn cpu_ms() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let mut fields = fields.split_whitespace().skip(11);
    let mut ticks = || fields.next().and_then(|field| field.parse::<u64>().ok());
    (ticks().unwrap_or(0) + ticks().unwrap_or(0)) * 10
}

/// The most memory at once, in MiB.
pub(crate) fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = ["VmHWM:", "VmRSS:"]
        .into_iter()
        .find_map(|name| status.lines().find_map(|line| line.strip_prefix(name)));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) / 1024
}
