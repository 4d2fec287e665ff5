//! Success, streams and tools, by clients from the registry over TCP.

mod async_openai;
mod genai;
mod serving;
