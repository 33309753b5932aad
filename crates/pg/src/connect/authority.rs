//! The part of a URL between `//` and the path: who, and which hosts and ports. What stands there is filled in where it
//! leaves ports open, and found wanting where a password stands in it as it is.

/// Whether a URL names hosts before its path.
pub fn has_hosts(base: &str) -> bool {
    !hosts(base).is_empty()
}

/// Whether one of the hosts has a port.
pub fn names_ports(base: &str) -> bool {
    hosts(base).split(',').any(|host| port_of(host).is_some())
}

/// The URL with these ports, a list with commas, for hosts that have none: the same for all, or one for each.
pub fn with_ports(base: &str, ports: &str) -> String {
    let hosts = hosts(base);
    let start = hosts.as_ptr() as usize - base.as_ptr() as usize;
    if hosts.is_empty() || ports.is_empty() {
        return base.to_owned();
    }
    let ports: Vec<&str> = ports.split(',').map(str::trim).collect();
    let with = |(at, host): (usize, &str)| {
        let port = if ports.len() == 1 { ports.first() } else { ports.get(at) };
        match (port_of(host), port.filter(|port| !port.is_empty())) {
            (None, Some(port)) => format!("{}:{port}", host.trim_end_matches(':')),
            _ => host.to_owned(),
        }
    };
    let filled: Vec<String> = hosts.split(',').enumerate().map(with).collect();
    format!("{}{}{}", &base[..start], filled.join(","), &base[start + hosts.len()..])
}

/// What has to be written in another way, where a user or a password stands in a URL as it is: what comes behind would be
/// taken for a host, and said in messages.
pub fn unescaped(url: &str) -> Option<&'static str> {
    let (_, rest) = url.split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (part, tail) = rest.split_at(end);
    if part.matches('@').count() > 1 {
        return Some("there is more than one @ before the host: in a user or password write @ as %40");
    }
    let port = part.rsplit(':').next().unwrap_or_default();
    let odd = part.contains(':') && !part.ends_with(']') && !port.chars().all(|one| one.is_ascii_digit());
    if !part.contains('@') && odd && tail.contains('@') {
        return Some("the password ends too early: write / as %2F, ? as %3F, # as %23 and @ as %40 in it");
    }
    None
}

/// The hosts as they stand, with their ports.
fn hosts(base: &str) -> &str {
    let (_, rest) = base.split_once("://").unwrap_or(("", base));
    let part = rest.split('/').next().unwrap_or_default();
    part.rsplit_once('@').map_or(part, |(_, hosts)| hosts)
}

fn port_of(host: &str) -> Option<&str> {
    let behind = match host.rfind(']') {
        Some(at) => &host[at + 1..],
        None => host,
    };
    behind.rsplit_once(':').map(|(_, port)| port).filter(|port| !port.is_empty())
}
