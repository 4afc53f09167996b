//! How many questions lie on a lane.

use token::seqpacket;

use super::*;

#[test]
fn the_faster_a_token_the_more_questions_lie_on_its_lanes() {
    let depths = [0, 100, 1_000, 2_000, 3_000, 200_000].map(|service| depth(Duration::from_micros(service)));
    assert_eq!(depths, [SHALLOWEST, DEEPEST, DEEPEST, 4, SHALLOWEST, SHALLOWEST]);
}

#[tokio::test]
async fn a_lane_takes_as_many_of_the_longest_questions_as_it_has_places() {
    let (front, _host) = seqpacket::pair().unwrap();
    let lane = Lane::new(front).unwrap();
    for _ in 0..DEEPEST {
        seqpacket::send(&lane.socket, &[1; MAX_ASK], &[], SendFlags::DONTWAIT).unwrap();
    }
}
