//! The integration tests: one binary, so that linking happens once.

mod support;

mod addresses;
mod auth;
mod bad_input;
mod c_api;
mod cli;
mod direction;
mod download;
mod faults;
mod hostile;
mod lfs_agent;
mod limits;
mod oracle;
mod proxy;
mod race;
mod repos;
mod resume;
mod retry;
mod tls;
mod tool;
mod upload;
mod upload_cli;
mod upload_commits;
mod upload_faults;
mod upload_jobs;
mod upload_lines;
mod upload_resume;
mod upload_schedule;
mod upload_sources;
