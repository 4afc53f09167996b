//! placeholder
/// placeholder
pub fn example() -> String {
    String::new()
}
