//! Nothing of ours: `cargo build -p kryoptic` in this folder makes the module.
