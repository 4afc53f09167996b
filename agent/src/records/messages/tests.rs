use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

fn kind(place: &'static str, named: &str) -> Kind {
    Kind { place, named: named.into() }
}

#[test]
fn a_flood_of_one_kind_leaves_a_burst_and_then_one_at_a_time_and_no_count_is_lost() {
    let (mut kinds, start) = (Kinds::default(), Instant::now());
    let (flooded, other) = ("stream", "hosts");
    let mut went = 0;
    // A thousand a second, for a minute.
    for millisecond in 0..60_000 {
        let now = start + Duration::from_millis(millisecond);
        went += u64::from(kinds.take(kind(flooded, ""), "foreign bytes", now));
    }
    assert_eq!(went, u64::from(BURST) + 60 / EVERY.as_secs() - 1);
    let later = start + Duration::from_secs(60);
    assert!(kinds.take(kind(other, ""), "the host ended", later), "another kind has its own budget");
    assert_eq!(kinds.left_out(), [("foreign bytes".to_owned(), 60_000 - went)]);
    assert!(kinds.left_out().is_empty(), "told once");
    assert!(kinds.take(kind(flooded, ""), "foreign bytes", later + EVERY));
}

#[test]
fn tokens_have_budgets_of_their_own_and_kinds_are_bounded() {
    let (mut kinds, now) = (Kinds::default(), Instant::now());
    let mut went = 0;
    for number in 0..10_000 {
        went += usize::from(kinds.take(kind("p", &number.to_string()), "w", now));
    }
    assert_eq!(went, MAX_KINDS + BURST as usize);
    assert!(kinds.budgets.len() <= MAX_KINDS + 1);
    // What is whole again makes room.
    let later = now + EVERY * BURST;
    kinds.left_out();
    assert!((0..MAX_KINDS).all(|number| kinds.take(kind("p", &format!("n{number}")), "w", later)));
}

/// Counts the events that arrive.
#[derive(Clone, Default)]
struct Arrived(Arc<AtomicUsize>);

impl<S: Subscriber> Layer<S> for Arrived {
    fn on_event(&self, _event: &Event<'_>, _context: Context<'_, S>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn what_a_caller_varies_makes_no_kind_and_a_token_does() {
    let arrived = Arrived::default();
    let subscriber = tracing_subscriber::registry().with(arrived.clone()).with(Rated::default());
    let burst = BURST as usize;
    tracing::subscriber::with_default(subscriber, || {
        (0..1000).for_each(|uid| tracing::warn!(uid, error = %uid, "from uid {uid}"));
        assert_eq!(arrived.0.swap(0, Ordering::Relaxed), burst);
        for token in ["a", "b"] {
            (0..1000).for_each(|_| tracing::warn!(%token, "the host ended"));
        }
        assert_eq!(arrived.0.swap(0, Ordering::Relaxed), 2 * burst);
    });
}

#[test]
fn words_are_cut_between_characters() {
    let mut text = String::new();
    append(&mut text, &"é".repeat(1000));
    assert!(text.len() <= MAX_WORDS && text.len() > MAX_WORDS - 4);
}
