//! The edge of the ComfyControl API on loopback, for tests, examples and benchmarks.
