//! The vendor's own networks: from anywhere else no sign-in should come.
//!
//! A file has a network a line (`192.0.2.0/24`, `2001:db8::/32`, or one address), blanks around it, and `#` before a remark.

use std::net::IpAddr;

use quoted::Quoted;

use super::bounds::MAX_NETWORKS;
use crate::signins::Fault;

/// The longest file, in bytes.
pub const MAX_EGRESS_BYTES: usize = 1 << 20;

/// The networks from which the vendor's services sign in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Egress(Vec<Network>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    is_v6: bool,
    bits: u128,
    prefix: u32,
}

impl Egress {
    /// Reads a file's text.
    pub fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        if bytes.len() > MAX_EGRESS_BYTES {
            return Err(Fault::at(1, format!("the file is larger than {} MiB", MAX_EGRESS_BYTES >> 20)));
        }
        let mut networks = Vec::new();
        for (line, text) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
            let text = std::str::from_utf8(text).map_err(|_| Fault::at(line, "the line is not UTF-8"))?;
            let text = text.split_once('#').map_or(text, |(network, _)| network);
            let text = text.trim_start_matches('\u{feff}').trim();
            if text.is_empty() {
                continue;
            }
            networks.push(Network::parse(text).map_err(|what| Fault::at(line, what))?);
            if networks.len() > MAX_NETWORKS {
                return Err(Fault::at(line, format!("there are more than {MAX_NETWORKS} networks")));
            }
        }
        match networks.is_empty() {
            true => Err(Fault::at(1, "there is no network in the file")),
            false => Ok(Self(networks)),
        }
    }

    /// Whether an address is in one of them.
    pub fn holds(&self, address: IpAddr) -> bool {
        let (is_v6, bits) = bits(address.to_canonical());
        let within = |network: &Network| {
            network.is_v6 == is_v6 && network.bits == bits & mask(network.is_v6, network.prefix)
        };
        self.0.iter().any(within)
    }
}

impl Network {
    fn parse(text: &str) -> Result<Self, String> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(a, p)| (a, Some(p)));
        let wrong = || format!("{} is no network; write it as 192.0.2.0/24 or 2001:db8::/32", Quoted(text));
        let address: IpAddr = address.trim().parse().map_err(|_| wrong())?;
        let (is_v6, bits) = bits(address);
        let widest = if is_v6 { 128 } else { 32 };
        let prefix = match prefix.map(|prefix| prefix.trim().parse::<u32>()) {
            None => widest,
            Some(Ok(prefix)) if prefix <= widest => prefix,
            Some(_) => return Err(wrong()),
        };
        if prefix == 0 {
            return Err(format!("{} holds every address, and would find nothing", Quoted(text)));
        }
        if bits & !mask(is_v6, prefix) != 0 {
            return Err(format!("{} has bits behind its prefix: an address or a network?", Quoted(text)));
        }
        Ok(Self { is_v6, bits, prefix })
    }
}

/// An address as a number; IPv4 in its lowest 32 bits.
fn bits(address: IpAddr) -> (bool, u128) {
    match address {
        IpAddr::V4(address) => (false, u128::from(address.to_bits())),
        IpAddr::V6(address) => (true, address.to_bits()),
    }
}

fn mask(is_v6: bool, prefix: u32) -> u128 {
    let width = if is_v6 { 128 } else { 32 };
    let low = u128::MAX.checked_shl(width - prefix).unwrap_or(0);
    if is_v6 { low } else { low & u128::from(u32::MAX) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(file: &str, address: &str) -> bool {
        Egress::parse(file.as_bytes()).unwrap().holds(address.parse().unwrap())
    }

    #[test]
    fn an_address_is_in_a_network_or_it_is_not() {
        let file = "\u{feff}# the vendor's\r\n 192.0.2.0/24  # Bonn\n\n198.51.100.7\n2001:db8:1::/48\n";
        for inside in ["192.0.2.0", "192.0.2.255", "198.51.100.7", "2001:db8:1::7", "::ffff:192.0.2.9"] {
            assert!(holds(file, inside), "{inside}");
        }
        for outside in ["192.0.3.0", "198.51.100.8", "2001:db8:2::7", "::c000:209", "0.0.0.0"] {
            assert!(!holds(file, outside), "{outside}");
        }
        assert!(holds("2001:db8::1/128", "2001:db8::1") && !holds("2001:db8::1/128", "2001:db8::2"));
        assert!(holds("128.0.0.0/1", "255.255.255.255") && !holds("128.0.0.0/1", "127.0.0.1"));
    }

    #[test]
    fn what_is_no_network_is_named_with_its_line() {
        for (file, said) in [
            ("192.0.2.0/24\n192.0.2/24\n", r#"2: "192.0.2/24" is no network"#),
            ("192.0.2.0/33", "is no network"),
            ("192.0.2.0/x", "is no network"),
            ("example.org", "is no network"),
            ("192.0.2.1/24", "bits behind its prefix"),
            ("0.0.0.0/0", "holds every address"),
            ("::/0", "holds every address"),
            ("# nothing\n\n", "1: there is no network"),
            ("", "1: there is no network"),
        ] {
            let fault = Egress::parse(file.as_bytes()).unwrap_err().to_string();
            assert!(fault.contains(said), "{file}: {fault}");
        }
        let many = "192.0.2.1\n".repeat(MAX_NETWORKS + 1);
        assert!(Egress::parse(many.as_bytes()).unwrap_err().to_string().starts_with("10001: there are more"));
        assert!(Egress::parse(&vec![b'#'; MAX_EGRESS_BYTES + 1]).is_err());
        assert!(Egress::parse(b"\xff").unwrap_err().to_string().contains("not UTF-8"));
    }
}
