//! Questions on one lane, and what must never wait behind what.

use rustix::net::RecvFlags;
use token::lane::{Answer, Ask, decode, encode};
use token::{KeyId, KeyRef, Sha256, seqpacket};

use super::super::lane::DEEPEST;
use super::*;

/// How long the front waits for these hosts.
const DEADLINE: Duration = Duration::from_secs(5);

/// A pool with one lane, and the host's end of it.
fn pool() -> (Arc<Pool>, OwnedFd) {
    let (pool, [host]) = pool_of();
    (pool, host)
}

fn pool_of<const LANES: usize>() -> (Arc<Pool>, [OwnedFd; LANES]) {
    let mut fronts = Vec::new();
    let hosts = [(); LANES].map(|()| {
        let (front, host) = seqpacket::pair().unwrap();
        fronts.push(front);
        host
    });
    (Arc::new(Pool::new(fronts).unwrap()), hosts)
}

fn probe() -> Work {
    let key = KeyRef { id: KeyId([1; 16]), spki_sha256: Sha256([2; 32]) };
    Work::Probe { connector: "de".parse().unwrap(), key }
}

fn asking(pool: &Arc<Pool>, work: Work) -> tokio::task::JoinHandle<Result<Done, AskError>> {
    let pool = pool.clone();
    tokio::spawn(async move { ask(&pool, work).await })
}

async fn ask(pool: &Pool, work: Work) -> Result<Done, AskError> {
    let taken = pool.permit(&None, needs(&work), DEADLINE).await?;
    pool.ask(taken, work, DEADLINE).await.map(|(done, _)| done)
}

/// The next question, if there is one.
fn next(host: &OwnedFd) -> Option<Ask> {
    let mut buffer = [0; 1024];
    let frame = seqpacket::receive(host, &mut buffer, &mut Vec::new(), RecvFlags::DONTWAIT).ok()?;
    Some(decode(frame).unwrap())
}

fn answer(host: &OwnedFd, id: u64, with: u8) {
    let answer = Answer { id, outcome: Ok(Done::Signature(vec![with])) };
    seqpacket::send(host, &encode(&answer).unwrap(), &[], rustix::net::SendFlags::empty()).unwrap();
}

/// Lets every task of this runtime go on as far as it can.
async fn settle() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_second_question_is_on_its_way_while_the_first_is_worked_on_and_each_gets_its_own_answer() {
    let (pool, host) = pool();
    let asked: Vec<_> = (0..3).map(|_| asking(&pool, probe())).collect();
    settle().await;
    let (first, second) = (next(&host).unwrap(), next(&host).unwrap());
    assert!(next(&host).is_none(), "a third waits in front of the lane");
    answer(&host, first.id, 1);
    answer(&host, second.id, 2);
    let third = loop {
        tokio::task::yield_now().await;
        if let Some(third) = next(&host) {
            break third;
        }
    };
    answer(&host, third.id, 3);
    for (asked, with) in asked.into_iter().zip(1..) {
        assert_eq!(asked.await.unwrap().unwrap(), Done::Signature(vec![with]));
    }
}

#[tokio::test]
async fn nothing_waits_on_a_lane_behind_work_that_may_take_minutes() {
    let (pool, host) = pool();
    let slow = asking(&pool, Work::Generate { connector: "de".parse().unwrap(), id: KeyId([3; 16]) });
    settle().await;
    let signing = asking(&pool, probe());
    settle().await;
    let first = next(&host).unwrap();
    assert!(matches!(first.work, Work::Generate { .. }));
    assert!(next(&host).is_none());
    answer(&host, first.id, 1);
    slow.await.unwrap().unwrap();
    settle().await;
    answer(&host, next(&host).unwrap().id, 2);
    signing.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_fast_token_has_more_questions_on_its_lanes_and_none_behind_work_that_may_take_minutes() {
    let (pool, [host, other]) = pool_of();
    let slow = asking(&pool, Work::Generate { connector: "de".parse().unwrap(), id: KeyId([3; 16]) });
    settle().await;
    pool.follow(Duration::from_millis(1));
    let signing: Vec<_> = (0..=DEEPEST).map(|_| asking(&pool, probe())).collect();
    settle().await;
    let first = next(&host).unwrap();
    assert!(next(&host).is_none());
    let asked: Vec<Ask> = std::iter::from_fn(|| next(&other)).collect();
    assert_eq!((asked.len(), pool.waiting()), (DEEPEST, 1), "the ninth waits in front of the lanes");
    asked.iter().for_each(|ask| answer(&other, ask.id, 2));
    settle().await;
    answer(&other, next(&other).unwrap().id, 2);
    for signing in signing {
        signing.await.unwrap().unwrap();
    }
    answer(&host, first.id, 1);
    slow.await.unwrap().unwrap();
}

#[tokio::test]
async fn what_a_host_answered_before_its_end_counts_also_where_it_left_a_question_unread() {
    let (pool, host) = pool();
    let (answered, unread) = (asking(&pool, probe()), asking(&pool, probe()));
    settle().await;
    answer(&host, next(&host).unwrap().id, 1);
    drop(host);
    assert_eq!(answered.await.unwrap().unwrap(), Done::Signature(vec![1]));
    assert!(matches!(unread.await.unwrap(), Err(AskError::Gone)));
}

#[tokio::test]
async fn an_answer_with_another_number_ends_the_pool() {
    let (pool, host) = pool();
    let asked = asking(&pool, probe());
    settle().await;
    answer(&host, next(&host).unwrap().id + 1, 1);
    assert!(matches!(asked.await.unwrap(), Err(AskError::Gone)));
    assert!(matches!(ask(&pool, probe()).await, Err(AskError::Gone)));
}

#[test]
fn what_an_admin_asked_for_in_vain_says_nothing_against_the_token() {
    for fault in [
        Fault::Slot("x".into()),
        Fault::OtherCertificate("x".into()),
        Fault::ManagementKey("x".into()),
        Fault::Attributes("x".into()),
        Fault::CertificateMismatch,
    ] {
        assert!(!AskError::Fault(fault).is_the_tokens());
    }
    assert!(AskError::Fault(Fault::Device("x".into())).is_the_tokens());
}
