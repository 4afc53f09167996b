//! A file of networks. An address is in them or not, the same as IPv4 and as the IPv6 that stands for it; what is refused has a
//! line.
#![no_main]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use audit::reconcile::Egress;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match Egress::parse(bytes) {
        Ok(egress) => {
            let low = bytes.iter().rev().take(16).fold(0_u128, |low, byte| low << 8 | u128::from(*byte));
            let v4 = Ipv4Addr::from_bits(low as u32);
            assert_eq!(egress.holds(IpAddr::V4(v4)), egress.holds(IpAddr::V6(v4.to_ipv6_mapped())));
            egress.holds(IpAddr::V6(Ipv6Addr::from_bits(low)));
        }
        Err(fault) => assert!(fault.line > 0 && !fault.what.contains('\n'), "{fault}"),
    }
});
