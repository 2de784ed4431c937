//! A client of the ComfyControl API that keeps within its rate limit.
